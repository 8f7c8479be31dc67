import assert from "node:assert/strict";
import { agreement } from "../../../lib/evaluate/metrics/agreement.ts";
import { float32 } from "../../../lib/tensor/tensor.ts";
import { classId, logits, score } from "../scored.ts";

Deno.test("agreement() is the share of positions with the same class", () => {
  const reference = { y: float32([1, 4, 2], [0, 1, 0, 1, 1, 0, 1, 0]) }; // 1 1 0 0
  const outputs = { y: float32([1, 4, 2], [0, 9, 3, 2, 1, 0, 8, 7]) }; // 1 0 0 0
  assert.equal(score(agreement(), outputs, reference), 0.75);
  assert.equal(score(agreement(), logits(1, 2), logits(-9, 9)), 1);
  assert.equal(score(agreement(), { y: classId(2n) }, { y: classId(3n) }), 0);
  assert.throws(
    () => score(agreement(), { y: float32([1, 1, 2], [0, 1]) }, reference),
    /output "y" has 1 positions, but float32's 4/,
  );
});
