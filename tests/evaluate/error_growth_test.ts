import assert from "node:assert/strict";
import { arrays } from "../../lib/data/arrays.ts";
import { stateful } from "../../lib/data/stateful.ts";
import { errorGrowth, sqnrAlong } from "../../lib/evaluate/error_growth.ts";
import { evaluate } from "../../lib/evaluate/evaluate.ts";
import { sqnr } from "../../lib/evaluate/metrics/sqnr.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { modelOf } from "../runtime/models.ts";

/** Adds up what it is fed, with an error of `error` at every step. */
function summing(error: number): Model {
  return modelOf(
    `input x float32[1]; input s float32[1]; output s_out float32[1]; tensor e float32[1] = [${error}]
     a = Add(s, x); s_out = Add(a, e)`,
    `summing ${error}.onnx`,
  );
}

const ones = stateful(arrays({ x: float32([5], [1, 1, 1, 1, 1]) }, { name: "ones" }), {
  state: { s_out: "s" },
  lengths: [3, 2],
  initial: { s: float32([1], [0]) },
});
const decibels = (signal: number, noise: number) => 20 * Math.log10(signal / noise);

Deno.test("errorGrowth() tells errors that are carried on from those of single steps", async () => {
  await using runtime = openRuntime({ workers: 1 });
  const steps = await errorGrowth(summing(0), summing(0.125), ones, { runtime });
  assert.deepEqual(steps.map(({ step, sequences }) => [step, sequences]), [[0, 2], [1, 2], [2, 1]]);
  steps.forEach(({ carried, single }, i) => {
    // float32 gives 1, 2, 3; the candidate is off by 1/8, 2/8, 3/8, or by 1/8 from float32's state.
    assert.ok(Math.abs(carried - decibels(i + 1, 0.125 * (i + 1))) < 1e-4, `${carried}`);
    assert.ok(Math.abs(single - decibels(i + 1, 0.125)) < 1e-4, `${single}`);
  });
});

Deno.test("errorGrowth() wants a stream, and outputs that are there", async () => {
  await using runtime = openRuntime({ workers: 1 });
  const [a, b] = [summing(0), summing(1)];
  const still = arrays({ x: float32([1], [1]) }, { name: "still" });
  await assert.rejects(errorGrowth(a, b, still, { runtime }), {
    name: "UserError",
    message:
      /over the steps of still: its samples are not sequences; make sequences with stateful\(\)/,
  });
  await assert.rejects(errorGrowth(a, b, ones, { runtime, outputs: ["y"] }), {
    name: "UserError",
    message: /Cannot compare output "y": there is no such output/,
  });
});

Deno.test("evaluate() feeds a stream its own state, and counts sequences", async () => {
  await using runtime = openRuntime({ workers: 2 });
  const reference = await evaluate(runtime, summing(0), ones, sqnr());
  const { value, scores, outputs } = await evaluate(
    runtime,
    summing(0.125),
    ones,
    sqnr(),
    reference,
  );
  // Off by an eighth at every step, so 18.06 dB each.
  assert.equal(scores.length, 2);
  assert.equal(value.n, 2);
  assert.ok(Math.abs(value.value - decibels(1, 0.125)) < 1e-4);
  assert.ok(Math.abs(outputs!.sqnr! - decibels(1, 0.125)) < 1e-4);

  const one = stateful(ones, { state: { s_out: "s" } });
  const alone = await evaluate(runtime, summing(0), one, sqnr());
  await assert.rejects(evaluate(runtime, summing(1), one, sqnr(), alone), {
    name: "UserError",
    message: /at least 2 are needed \(SQNR on ones\); the steps of a sequence count as one sample/,
  });
});

Deno.test("sqnrAlong() compares index by index along any axis", () => {
  const a = float32([2, 3], [1, 2, 3, 4, 5, 6]);
  const b = float32([2, 3], [1, 2, 3.5, 4, 5.5, 6]);
  const rows = sqnrAlong(a, b, 0);
  assert.ok(Math.abs(rows[0]! - 10 * Math.log10(14 / 0.25)) < 1e-9);
  assert.ok(Math.abs(rows[1]! - 10 * Math.log10(77 / 0.25)) < 1e-9);
  const columns = sqnrAlong(a, b, -1);
  assert.deepEqual(columns[0], 150);
  assert.ok(Math.abs(columns[1]! - 10 * Math.log10(29 / 0.25)) < 1e-9);
  assert.throws(() => sqnrAlong(a, b, 2), RangeError);
  assert.throws(() => sqnrAlong(a, float32([3], [1, 2, 3]), 0), RangeError);
});
