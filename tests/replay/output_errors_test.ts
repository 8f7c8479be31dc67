import assert from "node:assert/strict";
import { assertAlmostEquals } from "@std/assert";
import { OutputErrors } from "../../lib/replay/output_errors.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { row } from "./fake_replay.ts";

/** Two outputs of one value each. */
const two = (a: number, b: number) => ({ a: float32([1], [a]), b: float32([1], [b]) });

Deno.test("OutputErrors takes of two outputs the worst, sample by sample and over all", () => {
  const errors = new OutputErrors();
  errors.add(two(10, 10), two(11, 10.1)); // a: 20 dB, b: 40 dB
  errors.add(two(10, 10), two(10.1, 13)); // a: 40 dB, b: 10 log10(100 / 9) = 10.458 dB
  const { sqnr, noise } = errors.summary();
  assertAlmostEquals(sqnr!.value, (20 + 10.4576) / 2, 1e-4);
  assert.equal(sqnr!.n, 2);
  // Student's t for two samples is 12.706; both are 4.7712 dB from their mean, so it is ±12.706 × 4.7712.
  assertAlmostEquals(sqnr!.high - sqnr!.value, 60.624, 0.01);
  assertAlmostEquals(noise!, (0.01 + 9) / 200, 1e-4); // that of b; a's is 1.01 / 200
});

Deno.test("OutputErrors gives the cosine over all samples of the output that turned most", () => {
  const errors = new OutputErrors();
  const outputs = (a: number[], b: number[]) => ({ a: float32([2], a), b: float32([2], b) });
  errors.add(outputs([1, 0], [1, 0]), outputs([1, 1], [1, 0]));
  errors.add(outputs([1, 0], [1, 0]), outputs([1, -1], [2, 0]));
  // a: product 2, energies 2 and 4; b: product 3, energies 2 and 5.
  assertAlmostEquals(errors.summary().cosine!, 2 / Math.sqrt(8), 1e-6);
});

Deno.test("OutputErrors counts equal outputs as 150 dB without noise", () => {
  const errors = new OutputErrors();
  for (const value of [1, 2, 3]) errors.add(row(value), row(value));
  const { sqnr, noise, cosine } = errors.summary();
  assert.deepEqual([sqnr, noise, cosine], [{ value: 150, low: 150, high: 150, n: 3 }, 0, 1]);
});

Deno.test("OutputErrors leaves out what cannot be compared, and is silent from one sample", () => {
  const errors = new OutputErrors();
  errors.add(row(1, 2), row(1, 2, 3)); // another shape
  errors.add(row(1), {}); // missing
  errors.add(row(1), row(1));
  assert.deepEqual(errors.summary(), {});
});
