import { type BinInterval, narrow } from "./narrowing.ts";
import type { Observer } from "./observers.ts";
import { quantizationError } from "./quantization_error.ts";
import type { Range } from "./range.ts";
import type { TensorStatistics } from "./statistics.ts";

/** Intervals that are narrower by less than this share of their width are not worth an evaluation. */
const FINENESS = 1 / 256;

/**
 * Keeps the range with the least squared error among those that narrowing from both ends, the thinner
 * end first, passes: PyTorch's default for activations. It differs from PyTorch's in four ways, each
 * to come closer to the least error there is:
 *
 * - the error is that of the integers which the quantizer will use (255 steps between two ends that
 *   hold 0), where PyTorch takes 256 cells and their centres;
 * - zeros count as exact;
 * - both ends are narrowed, bin by bin at the thinner one, where PyTorch hardly moves the lower;
 * - the first increase of the error does not end the search, which goes on until what is clipped
 *   alone costs more than the best range in all.
 *
 * @see PyTorch `HistogramObserver`
 * @example One value far out is not worth a coarse grid for a million others
 * ```ts
 * import { histogram } from "octavo";
 * import { addValues, emptyStatistics } from "octavo/advanced";
 * import assert from "node:assert/strict";
 * const values = Float32Array.from({ length: 1e6 }, (_, i) => i > 0 ? i / 1e6 : 20);
 * const { max } = histogram().range(addValues(emptyStatistics(), values));
 * assert.ok(max < 1.01);
 * ```
 * @category Observers
 */
export function histogram(): Observer {
  return { name: "histogram", range: leastError };
}

function leastError(statistics: TensorStatistics): Range {
  const { min, max } = statistics;
  let best: Range = { min, max };
  let least = quantizationError(statistics, best).total;
  let evaluated = statistics.histogram.counts.length;
  for (const interval of narrow(statistics.histogram.counts)) {
    const size = interval.end - interval.start + 1;
    if (size > evaluated * (1 - FINENESS)) continue;
    evaluated = size;
    const range = rangeOf(interval, statistics);
    const { total, clipping } = quantizationError(statistics, range);
    if (total < least) [best, least] = [range, total];
    if (clipping > least) break;
  }
  return best;
}

/** From the start of the first bin to the end of the last, within what was seen. */
function rangeOf({ start, end }: BinInterval, { histogram, min, max }: TensorStatistics): Range {
  const { first, width } = histogram;
  return {
    min: Math.max(min, (first + start) * width),
    max: Math.min(max, (first + end + 1) * width),
  };
}
