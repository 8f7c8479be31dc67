import assert from "node:assert/strict";
import { mae } from "../../../lib/evaluate/metrics/mae.ts";
import { float32 } from "../../../lib/tensor/tensor.ts";
import { score } from "../scored.ts";

Deno.test("mae() is the mean distance, of several outputs the largest, over what is finite", () => {
  const reference = { a: float32([2], [1, 2]), b: float32([3], [0, -Infinity, 0]) };
  const outputs = { a: float32([2], [1, 3]), b: float32([3], [1, -Infinity, 1]) };
  assert.equal(score(mae({ outputs: ["a"] }), outputs, reference), 0.5);
  assert.equal(score(mae(), outputs, reference), 1);
});

Deno.test("mae() refuses what cannot be laid side by side", () => {
  const [one, two] = [{ a: float32([1], [1]) }, { a: float32([2], [1, 1]) }];
  assert.throws(() => score(mae(), one, two), /another shape than float32's/);
  assert.throws(() => score(mae(), {}, {}), /no output of numbers/);
});
