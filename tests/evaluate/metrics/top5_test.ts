import assert from "node:assert/strict";
import { top5 } from "../../../lib/evaluate/metrics/top5.ts";
import { classId, logits, score } from "../scored.ts";

Deno.test("top5() counts a label among the five largest, the first of equals", () => {
  assert.equal(score(top5(), logits(9, 8, 7, 6, 5, 4), undefined, 4), 1);
  assert.equal(score(top5(), logits(9, 8, 7, 6, 5, 4), undefined, 5), 0);
  assert.equal(score(top5(), logits(1, 1, 1, 1, 1, 1), undefined, 4), 1);
  assert.equal(score(top5(), logits(1, 1, 1, 1, 1, 1), undefined, 5), 0);
});

Deno.test("top5() says what keeps it from scoring", () => {
  assert.throws(
    () => score(top5(), logits(1, 2), undefined, 2),
    /label 2 is outside the 2 classes/,
  );
  assert.throws(() => score(top5(), { y: classId(1n) }, undefined, 1), /rows of scores/);
});
