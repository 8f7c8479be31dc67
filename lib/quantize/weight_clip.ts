import { INT8 } from "./affine.ts";

/** Clips that are tried first, as shares of the largest magnitude: 1, 0.98, ... 0.3. */
const COARSE = Array.from({ length: 36 }, (_, i) => 1 - 0.02 * i);

/** Then, these steps to both sides of the best one. */
const FINE = Array.from({ length: 15 }, (_, i) => 0.0025 * (i - 7));

/** The largest magnitude: nothing is clipped. */
export function largestMagnitude(weights: Float32Array): number {
  let reach = 0;
  for (let i = 0; i < weights.length; i++) reach = Math.max(reach, Math.abs(weights[i]!));
  return reach;
}

/**
 * The clip with the least squared error: of the weights that share a scale, larger magnitudes become
 * this one, if that lets the others be rounded more finely by as much. Clips of 1 to 0.3 times the
 * largest magnitude are tried, in steps of 0.02 and then of 0.0025, on the weights themselves and for
 * the integers that {@linkcode quantizeWeights} will use.
 *
 * @param weights Weights that share a scale, in any order.
 * @see {@link https://arxiv.org/abs/2106.08295 | Nagel et al. 2021}, section 3.1
 * @example One large weight is clipped a little for the sake of a thousand others
 * ```ts
 * import { leastErrorClip } from "./weight_clip.ts";
 * import assert from "node:assert/strict";
 * const weights = Float32Array.from({ length: 1001 }, (_, i) => i === 0 ? 1 : i / 3000);
 * const clip = leastErrorClip(weights);
 * assert.ok(clip < 1 && clip > 0.9);
 * ```
 */
export function leastErrorClip(weights: Float32Array): number {
  const reach = largestMagnitude(weights);
  let best = 1;
  let least = Infinity;
  const search = (shares: readonly number[]) => {
    for (const share of shares) {
      const error = squaredError(weights, share * reach, least);
      if (error < least) [best, least] = [share, error];
    }
  };
  search(COARSE);
  search(FINE.map((step) => best + step).filter((share) => share < 1));
  return best * reach;
}

/** What rounding would do to the weights, or Infinity once it is clear that it is more than a limit. */
function squaredError(weights: Float32Array, clip: number, limit: number): number {
  const scale = clip / INT8.qmax;
  if (scale === 0) return 0;
  const perUnit = 1 / scale;
  let sum = 0;
  for (let start = 0; start < weights.length; start += 1024) {
    if (sum > limit) return Infinity;
    const end = Math.min(start + 1024, weights.length);
    for (let i = start; i < end; i++) {
      const magnitude = Math.abs(weights[i]!);
      const error = magnitude - scale * Math.min(Math.round(magnitude * perUnit), INT8.qmax);
      sum += error * error;
    }
  }
  return sum;
}
