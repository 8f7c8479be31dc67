import type { Observer } from "./observers.ts";
import { quantizationError } from "./quantization_error.ts";
import type { Range } from "./range.ts";
import type { TensorStatistics } from "./statistics.ts";

/** Ratio of one clip of the grid to the next. */
const RATIO = 0.97;

/** Clips of the grid for each end; the last is a 1/64 of what was seen. */
const CLIPS = Array.from({ length: 137 }, (_, i) => RATIO ** i);

/** Least gain for which the ends are searched once more. */
const GAIN = 1e-3;

/**
 * Keeps the range with the least mean squared error on a grid of clips: each end is tried at 1, 0.97,
 * 0.97^2, ... of what was seen while the other stays, in turns, until neither helps any more. The
 * error is that of the integers which the quantizer will use, see {@linkcode quantizationError}. Ends
 * are searched one by one, so a long tail on one side does not cost the other side's values.
 *
 * @see {@link https://arxiv.org/abs/1810.05723 | Banner et al. 2019} and
 * {@link https://arxiv.org/abs/2106.08295 | Nagel et al. 2021}, section 3.1, for the criterion
 * @example Only the long tail is clipped
 * ```ts
 * import { mse } from "./mse.ts";
 * import { addValues, emptyStatistics } from "./statistics.ts";
 * import assert from "node:assert/strict";
 * const values = Float32Array.from({ length: 1e6 }, (_, i) => i > 0 ? i / 5e5 - 1 : 20);
 * const { min, max } = mse().range(addValues(emptyStatistics(), values));
 * assert.ok(min < -0.9 && max < 10);
 * ```
 */
export function mse(): Observer {
  return { name: "mse", range: leastMeanSquaredError };
}

function leastMeanSquaredError(statistics: TensorStatistics): Range {
  let range: Range = { min: statistics.min, max: statistics.max };
  let error = quantizationError(statistics, range).total;
  for (;;) {
    const before = error;
    for (const end of ["max", "min"] as const) {
      const seen = statistics[end];
      if (end === "max" ? seen <= 0 : seen >= 0) continue; // the range ends in 0 there
      for (const clip of CLIPS) {
        const candidate = { ...range, [end]: clip * seen };
        const { total, clipping } = quantizationError(statistics, candidate);
        if (total < error) [range, error] = [candidate, total];
        if (clipping > error) break; // narrower ones clip more still
      }
    }
    if (!(error < before * (1 - GAIN))) return range;
  }
}
