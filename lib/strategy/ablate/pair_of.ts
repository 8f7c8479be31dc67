import type { Effect, LayerPair } from "../../record/ablation_record.ts";

/**
 * Two layers int8 together, against each of them alone.
 *
 * @param alone Effects of the two, in the order of `layers`.
 * @example Together they lose 5 points, alone 1 and 2: 2 points come from the two being combined
 * ```ts
 * import { pairOf } from "./pair_of.ts";
 * import assert from "node:assert/strict";
 * const losing = (value: number) => (
 *   { run: 8, samples: 8, difference: { value, low: value, high: value, n: 8 } }
 * );
 * const pair = pairOf(["conv1", "head"], losing(-5), [losing(-1), losing(-2)]);
 * assert.equal(pair.interaction, -2);
 * ```
 */
export function pairOf(
  layers: readonly [string, string],
  together: Effect,
  alone: readonly [Effect, Effect],
): LayerPair {
  const [a, b] = alone;
  const [both, one, other] = [together, a, b].map(({ difference }) => difference?.value);
  const sum = (a.noise ?? 0) + (b.noise ?? 0);
  return {
    layers: [...layers],
    together,
    ...(both !== undefined && one !== undefined && other !== undefined && {
      interaction: both - one - other,
    }),
    ...(together.noise && sum > 0 && { noise: 10 * Math.log10(together.noise / sum) }),
  };
}
