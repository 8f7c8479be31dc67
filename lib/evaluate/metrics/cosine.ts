import { cosineOf } from "../closeness.ts";
import type { ClosenessOptions, Metric } from "../metric.ts";
import { worst } from "../worst_output.ts";
import { LEAST_SQNR } from "./sqnr.ts";

/**
 * Cosine similarity of a sample's outputs with the float32 network's; of several the worst.
 *
 * @example At right angles
 * ```ts
 * import { cosine, float32Tensor } from "octavo";
 * import assert from "node:assert/strict";
 * const [outputs, reference] = [{ y: float32Tensor([2], [0, 1]) }, { y: float32Tensor([2], [1, 0]) }];
 * assert.equal(cosine().score({ outputs, reference, index: 0 }), 0);
 * ```
 * @category Measuring
 */
export function cosine(options: ClosenessOptions = {}): Metric {
  return {
    name: "cosine",
    about: "cosine similarity with float32's outputs; of several the worst",
    needs: "outputs of numbers",
    unit: "",
    digits: 4, // 0.99987 must not read as 1.000
    higherIsBetter: true,
    share: false,
    perfect: 1,
    // |x + e|² = |x|² (1 + r) for unrelated e of relative power r, so the cosine is 1 / √(1 + r).
    maxDrop: 1 - 1 / Math.sqrt(1 + 10 ** (-LEAST_SQNR / 10)),
    score: (sample) => worst(sample, options, cosineOf),
  };
}
