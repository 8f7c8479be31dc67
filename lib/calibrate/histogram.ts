/**
 * A histogram whose range grows with the data and which does not depend on the order of the data:
 * bins are `[i * width, (i + 1) * width)` for a width that is a power of two, the smallest for which
 * the values seen so far fit into 4096 bins. When the range outgrows them, the width
 * doubles and neighbours are added in pairs, so counts stay exact. (Histograms that stretch to the
 * range of the first batch and re-bin later by interpolation depend on the order and leak counts.)
 * @category Observers (advanced)
 */
export interface Histogram {
  /** Width of a bin, in the units of the tensor: a power of two. */
  readonly width: number;
  /** The first bin starts at `first * width`. */
  readonly first: number;
  /** Values in each bin. */
  readonly counts: Float64Array;
}

/** Most bins a histogram uses; at least half of them once the width has doubled. */
export const BINS = 4096;

/** Narrowest bin: below it float32 activations carry nothing that an 8-bit integer could keep. */
const SMALLEST_WIDTH = 2 ** -60;

/** A histogram of nothing. */
export function emptyHistogram(): Histogram {
  return { width: SMALLEST_WIDTH, first: 0, counts: new Float64Array(0) };
}

/**
 * Adds values to a histogram.
 *
 * @param values Finite values, in [min, max].
 * @param min Smallest of the values.
 * @param max Largest of the values.
 * @returns The grown histogram; the given one is no longer valid (its counts may be re-used).
 * @example
 * ```ts
 * import { countInto, emptyHistogram } from "./histogram.ts";
 * import assert from "node:assert/strict";
 * const histogram = countInto(emptyHistogram(), Float32Array.of(1, 1, -3000), -3000, 1);
 * assert.deepEqual([histogram.width, histogram.first, histogram.counts.at(-1)], [1, -3000, 2]);
 * ```
 */
export function countInto(
  histogram: Histogram,
  values: Float32Array,
  min: number,
  max: number,
): Histogram {
  if (values.length === 0) return histogram;
  const grown = grow(histogram, min, max);
  const { counts, first } = grown;
  const perUnit = 1 / grown.width; // exact: a power of two
  for (let i = 0; i < values.length; i++) {
    counts[Math.floor(values[i]! * perUnit) - first]!++;
  }
  return grown;
}

/** Where the last bin starts. */
function lastStart(histogram: Histogram): number {
  return (histogram.first + histogram.counts.length - 1) * histogram.width;
}

/** Makes room for [min, max], doubling the width as often as needed. */
function grow(histogram: Histogram, min: number, max: number): Histogram {
  const empty = histogram.counts.length === 0;
  const low = empty ? min : Math.min(min, histogram.first * histogram.width);
  const high = empty ? max : Math.max(max, lastStart(histogram));
  let width = histogram.width;
  while (Math.floor(high / width) - Math.floor(low / width) >= BINS) width *= 2;
  const first = Math.floor(low / width);
  const length = Math.floor(high / width) - first + 1;
  if (!empty && width === histogram.width && first === histogram.first) {
    if (length === histogram.counts.length) return histogram;
  }
  return rebin(histogram, width, first, length);
}

/**
 * The histogram with at most so many bins: neighbours are added in pairs, as they are when the range
 * outgrows the bins.
 *
 * @param bins 2 or more, since an edge stays at 0.
 * @example
 * ```ts
 * import { coarsen } from "./histogram.ts";
 * import assert from "node:assert/strict";
 * const coarse = coarsen({ width: 1, first: -1, counts: Float64Array.of(5, 1, 2, 3) }, 3);
 * assert.deepEqual([coarse.width, coarse.first, [...coarse.counts]], [2, -1, [5, 3, 3]]);
 * ```
 */
export function coarsen(histogram: Histogram, bins: number): Histogram {
  if (!(bins >= 2)) throw new RangeError(`coarsen() takes 2 bins or more, got ${bins}`);
  const { first, width, counts } = histogram;
  if (counts.length <= bins) return histogram;
  const last = first + counts.length - 1;
  let ratio = 2;
  while (Math.floor(last / ratio) - Math.floor(first / ratio) >= bins) ratio *= 2;
  const start = Math.floor(first / ratio);
  return rebin(histogram, width * ratio, start, Math.floor(last / ratio) - start + 1);
}

/** Adds neighbours up to bins as wide, a power of two times wider. */
function rebin(histogram: Histogram, width: number, first: number, length: number): Histogram {
  const counts = new Float64Array(length);
  const ratio = width / histogram.width;
  histogram.counts.forEach((count, i) => {
    counts[Math.floor((histogram.first + i) / ratio) - first]! += count;
  });
  return { width, first, counts };
}
