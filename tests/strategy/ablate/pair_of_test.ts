import assert from "node:assert/strict";
import { assertAlmostEquals } from "@std/assert";
import type { Effect } from "../../../lib/record/ablation_record.ts";
import { pairOf } from "../../../lib/strategy/ablate/pair_of.ts";

/** An effect on the metric, and the noise of the outputs. */
const effect = (value: number | undefined, noise?: number): Effect => ({
  run: 4,
  samples: 8,
  ...(value !== undefined && { difference: { value, low: value - 1, high: value + 1, n: 4 } }),
  ...(noise !== undefined && { noise }),
});

Deno.test("pairOf() gives what both lose beyond the sum of each one's loss", () => {
  const { layers, interaction } = pairOf(["a", "b"], effect(-7), [effect(-1), effect(-4)]);
  assert.deepEqual([layers, interaction], [["a", "b"], -2]);
  assert.equal(pairOf(["a", "b"], effect(-4), [effect(-3), effect(-3)]).interaction, 2);
});

Deno.test("pairOf() compares powers of noise: 0 dB if they add up, 3.01 dB if they double", () => {
  const noises = (both: number, a: number, b: number) =>
    pairOf(["a", "b"], effect(0, both), [effect(0, a), effect(0, b)]).noise!;
  assertAlmostEquals(noises(0.05, 0.01, 0.04), 0, 1e-12);
  assertAlmostEquals(noises(0.02, 0.005, 0.005), 10 * Math.log10(2), 1e-12);
  assertAlmostEquals(noises(0.001, 0.004, 0.006), -10, 1e-9);
});

Deno.test("pairOf() says nothing of what was not measured", () => {
  const failed: Effect = { run: 2, samples: 8, error: "no" };
  assert.deepEqual(pairOf(["a", "b"], failed, [effect(-1, 0.1), effect(-1, 0.1)]), {
    layers: ["a", "b"],
    together: failed,
  });
  const quiet = pairOf(["a", "b"], effect(0, 0), [effect(0, 0), effect(undefined)]);
  assert.deepEqual([quiet.interaction, quiet.noise], [undefined, undefined]);
});
