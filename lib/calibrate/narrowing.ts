/** Bins that are left, both ends included. */
export interface BinInterval {
  readonly start: number;
  readonly end: number;
}

/**
 * Narrows the bins of a histogram from both ends: each step takes away the outermost bin that is not
 * empty, with the empty ones behind it, at the end where values are thinner, by their number for each
 * bin that goes. Yields every new interval, down to the last bin that is not empty.
 *
 * PyTorch's observer narrows by quantiles of 1e-5 with the same aim. But there the upper end cuts at
 * least one such quantile and the lower end less than one, so that the lower end hardly ever moves.
 *
 * @param counts Values in each bin; the first and the last are not empty.
 * @see PyTorch `HistogramObserver._non_linear_param_search`
 * @example
 * ```ts
 * import { narrow } from "./narrowing.ts";
 * import assert from "node:assert/strict";
 * assert.deepEqual([...narrow(Float64Array.of(3, 5, 0, 2))], [
 *   { start: 0, end: 1 }, // two values in two bins
 *   { start: 1, end: 1 }, // three in one
 * ]);
 * ```
 */
export function* narrow(counts: Float64Array): Generator<BinInterval> {
  let start = 0;
  let end = counts.length - 1;
  let above = nextFilled(counts, start, 1);
  let below = nextFilled(counts, end, -1);
  while (start < end) {
    if (counts[start]! / (above - start) < counts[end]! / (end - below)) {
      start = above;
      above = nextFilled(counts, start, 1);
    } else {
      end = below;
      below = nextFilled(counts, end, -1);
    }
    yield { start, end };
  }
}

/** The next bin in one direction that is not empty; one beyond the last if there is none. */
function nextFilled(counts: Float64Array, from: number, step: 1 | -1): number {
  let i = from + step;
  while (counts[i] === 0) i += step;
  return i;
}
