import type { Observer } from "./observers.ts";
import { UINT8_LEVELS } from "./quantization_error.ts";
import type { Range } from "./range.ts";
import type { TensorStatistics } from "./statistics.ts";

/** Thresholds tried: the largest magnitude times 1/128, 2/128, ... 1. */
const THRESHOLDS = 128;

/** What a bin that only clipped values fall into counts for, so that no quotient is infinite. */
const SMOOTHING = 1e-4;

/**
 * Keeps the range whose quantized distribution tells least from the seen one, by the Kullback-Leibler
 * divergence. A threshold t stands for [-t, t], cut to what was seen: for the result of a Relu
 * that is [0, t], and all 256 integers lie there. Values beyond are counted into the outermost bins.
 * Zeros are left out, since every range represents them exactly.
 *
 * onnxruntime compares 128 bins with 128 levels by default, which leaves one candidate, that of
 * min-max, and always takes levels for [-t, t] in whole. Here there are 2048 to 4096 bins and as many
 * levels as uint8 has.
 *
 * @see {@link https://on-demand.gputechconf.com/gtc/2017/presentation/s7310-8-bit-inference-with-tensorrt.pdf |
 * Migacz 2017}
 * @example An outlier is not worth the shape of all other values
 * ```ts
 * import { entropy } from "octavo";
 * import { addValues, emptyStatistics } from "octavo/advanced";
 * import assert from "node:assert/strict";
 * const values = Float32Array.from({ length: 1e4 }, (_, i) => i === 0 ? 20 : Math.sin(i));
 * const { min, max } = entropy().range(addValues(emptyStatistics(), values));
 * assert.ok(min < -0.99 && max > 0.99 && max < 3);
 * ```
 * @category Observers
 */
export function entropy(): Observer {
  return { name: "entropy", range: leastDivergence };
}

function leastDivergence({ min, max, zeros, histogram }: TensorStatistics): Range {
  const { first, width } = histogram;
  const counts = histogram.counts.slice();
  if (first <= 0 && -first < counts.length) counts[-first]! -= zeros;
  const bins = sumBins(counts);
  const reach = Math.max(Math.abs(min), Math.abs(max));
  let best: Range = { min, max };
  let least = Infinity;
  for (let i = THRESHOLDS; i > 0; i--) {
    const threshold = reach * i / THRESHOLDS;
    const range = { min: Math.max(min, -threshold), max: Math.min(max, threshold) };
    if (range.min > range.max) break; // nothing as small as this was seen
    const start = Math.floor(range.min / width) - first;
    const end = Math.min(Math.floor(range.max / width) - first + 1, counts.length);
    if (end - start < UINT8_LEVELS && i < THRESHOLDS) break; // no bin would be merged with another
    const divergence = clipDivergence(bins, start, end, UINT8_LEVELS);
    if (divergence < least) [best, least] = [range, divergence];
  }
  return best;
}

/** The bins of a histogram, and for each edge sums over the bins before it. */
export interface SummedBins {
  readonly counts: Float64Array;
  /** Of the counts. */
  readonly values: Float64Array;
  /** Of 1 for bins that are not empty. */
  readonly filled: Float64Array;
  /** Of count * log(count). */
  readonly logs: Float64Array;
}

/** Sums up bins for {@linkcode clipDivergence}. */
export function sumBins(counts: Float64Array): SummedBins {
  const sumOf = (term: (count: number) => number) => {
    const sums = new Float64Array(counts.length + 1);
    counts.forEach((count, i) => sums[i + 1] = sums[i]! + term(count));
    return sums;
  };
  return {
    counts,
    values: sumOf((count) => count),
    filled: sumOf((count) => count > 0 ? 1 : 0),
    logs: sumOf(timesLog),
  };
}

/**
 * The Kullback-Leibler divergence of a distribution, clipped to some bins, from what is left of it
 * when only `levels` values are told apart there: bins are merged into levels, and each level's
 * count is spread evenly over those of its bins that are not empty.
 *
 * @param start First bin that is kept.
 * @param end Bin after the last that is kept. What lies outside is counted into the outermost bins
 * of the clipped distribution, not of the quantized one: it is what clipping gets wrong.
 * @returns In nats; Infinity if nothing is kept.
 * @example Two levels of two bins: within the second one, bins differ
 * ```ts
 * import { clipDivergence, sumBins } from "./entropy.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * const divergence = clipDivergence(sumBins(Float64Array.of(2, 2, 1, 3)), 0, 4, 2);
 * assertAlmostEquals(divergence, 1 / 8 * Math.log(1 / 2) + 3 / 8 * Math.log(3 / 2));
 * ```
 */
export function clipDivergence(
  { counts, values, filled, logs }: SummedBins,
  start: number,
  end: number,
  levels: number,
): number {
  const last = end - 1;
  const all = values[counts.length]!;
  // The outermost bins, which take what lies outside.
  const outer = new Map([[start, values[start]!]]);
  outer.set(last, (outer.get(last) ?? 0) + all - values[end]!);

  let sum = logs[end]! - logs[start]!;
  for (const [bin, more] of outer) {
    sum += timesLog(counts[bin]! + more) - timesLog(counts[bin]!);
  }
  let quantized = 0;
  let from = start;
  for (let level = 1; level <= levels; level++) {
    const to = start + Math.round(level * (end - start) / levels); // levels need not be of whole bins
    const own = values[to]! - values[from]!;
    let clipped = own;
    let bins = filled[to]! - filled[from]!;
    for (const [bin, more] of outer) {
      if (bin < from || bin >= to || more === 0) continue;
      clipped += more;
      if (counts[bin] === 0) bins++;
    }
    if (clipped > 0) {
      const share = own > 0 ? own / bins : SMOOTHING;
      sum -= clipped * Math.log(share);
      quantized += share * bins;
    }
    from = to;
  }
  const divergence = sum / all + Math.log(quantized / all);
  return Number.isNaN(divergence) ? Infinity : divergence;
}

function timesLog(count: number): number {
  return count > 0 ? count * Math.log(count) : 0;
}
