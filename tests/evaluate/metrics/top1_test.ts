import assert from "node:assert/strict";
import { top1 } from "../../../lib/evaluate/metrics/top1.ts";
import { float32 } from "../../../lib/tensor/tensor.ts";
import { classId, logits, score } from "../scored.ts";

Deno.test("top1() is 1 where the largest score is the label's, the first of equals", () => {
  assert.equal(score(top1(), logits(0.1, 0.7, 0.2), undefined, 1), 1);
  assert.equal(score(top1(), logits(0.1, 0.7, 0.2), undefined, 2), 0);
  assert.equal(score(top1(), logits(3, 5, 5), undefined, 1), 1);
  assert.equal(score(top1(), logits(-3, -2, -4), undefined, 1), 1);
});

Deno.test("top1() reads [1, classes, 1, 1] and [classes], as some classifiers end", () => {
  const image = { y: float32([1, 3, 1, 1], [0, 0, 9]) };
  assert.equal(score(top1(), image, undefined, 2), 1);
  assert.equal(score(top1(), { y: float32([3], [0, 9, 0]) }, undefined, 1), 1);
});

Deno.test("top1() compares an integer output with the label as it is", () => {
  assert.equal(score(top1(), { label: classId(7n) }, undefined, 7), 1);
  assert.equal(score(top1(), { label: classId(7n) }, undefined, 1000), 0);
});

Deno.test("top1() prefers scores to a class, and takes the output asked for", () => {
  const outputs = { id: classId(0n), side: float32([1, 1], [9]), y: float32([1, 2], [0, 1]) };
  assert.equal(score(top1(), outputs, undefined, 1), 1);
  assert.equal(score(top1({ output: "id" }), outputs, undefined, 1), 0);
});

Deno.test("top1() says what keeps it from scoring", () => {
  assert.throws(
    () => score(top1(), logits(0, 1, 2), undefined, 3),
    /its label 3 is outside the 3 classes of output "y"/,
  );
  assert.throws(
    () => score(top1(), { y: float32([1, 4, 2], new Float32Array(8)) }, undefined, 0),
    /output "y" has 4 positions, but there is one label/,
  );
  assert.throws(
    () => score(top1({ output: "Y1" }), logits(1, 2), undefined, 0),
    /there is no output "Y1", did you mean "y"; outputs: "y" \(float32 \[1, 2\]\)/,
  );
  assert.throws(
    () => score(top1(), { y: float32([1, 1], [1]) }, undefined, 0),
    /no output holds classes; outputs: "y" \(float32 \[1, 1\]\)/,
  );
});
