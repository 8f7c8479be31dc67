import assert from "node:assert/strict";
import { sqnr } from "../../../lib/evaluate/metrics/sqnr.ts";
import { MAX_SQNR } from "../../../lib/record/metric_info.ts";
import { float32 } from "../../../lib/tensor/tensor.ts";
import { score } from "../scored.ts";

Deno.test("sqnr() is 20 dB where the noise is a tenth of the signal", () => {
  const reference = { y: float32([1, 2], [3, 4]) };
  assert.ok(Math.abs(score(sqnr(), { y: float32([1, 2], [3.3, 4.4]) }, reference) - 20) < 1e-5);
  assert.equal(score(sqnr(), reference, reference), MAX_SQNR);
  assert.equal(score(sqnr(), { y: float32([1, 2], [0, 0]) }, reference), 0);
});

Deno.test("sqnr() of silence is the one end or the other, never NaN", () => {
  const silence = { y: float32([2], [0, 0]) };
  assert.equal(score(sqnr(), silence, silence), MAX_SQNR);
  assert.equal(score(sqnr(), { y: float32([2], [0, 1]) }, silence), -MAX_SQNR);
});

Deno.test("sqnr() refuses outputs whose shape depends on their values, and names what compares them", () => {
  assert.throws(
    () => score(sqnr(), { y: float32([2, 4], new Float32Array(8)) }, { y: float32([0, 4], []) }),
    /output "y" is of shape \[2, 4\], but float32's of \[0, 4\]; --metric aligned-sqnr or detection-f1/,
  );
});

Deno.test("sqnr() of outputs that are empty in both is nothing, not perfect", () => {
  const empty = { y: float32([0, 4], []) };
  assert.equal(sqnr().score({ outputs: empty, reference: empty, index: 0 }), undefined);
});

Deno.test("sqnr() is over the values that are finite in both, and the worst where one is masked no more", () => {
  const reference = { y: float32([1, 3], [-Infinity, 3, 4]) };
  const at20dB = { y: float32([1, 3], [-Infinity, 3.3, 4.4]) };
  assert.ok(Math.abs(score(sqnr(), at20dB, reference) - 20) < 1e-5);
  assert.equal(score(sqnr(), { y: float32([1, 3], [-9, 3, 4]) }, reference), -MAX_SQNR);
});
