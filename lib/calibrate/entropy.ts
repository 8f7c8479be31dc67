import type { Observer } from "./observers.ts";
import { UINT8_LEVELS } from "./quantization_error.ts";
import type { Range } from "./range.ts";
import type { TensorStatistics } from "./statistics.ts";

/** Thresholds tried: the largest magnitude times 1/128, 2/128, ... 1. */
const THRESHOLDS = 128;

/** What an empty bin gets, so that no quotient is infinite; counts are whole numbers. */
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
 * import { entropy } from "./entropy.ts";
 * import { addValues, emptyStatistics } from "./statistics.ts";
 * import assert from "node:assert/strict";
 * const values = Float32Array.from({ length: 1e4 }, (_, i) => i === 0 ? 20 : Math.sin(i));
 * const { min, max } = entropy().range(addValues(emptyStatistics(), values));
 * assert.ok(min < -0.99 && max > 0.99 && max < 3);
 * ```
 */
export function entropy(): Observer {
  return { name: "entropy", range: leastDivergence };
}

function leastDivergence({ min, max, zeros, histogram }: TensorStatistics): Range {
  const { first, width } = histogram;
  const counts = histogram.counts.slice();
  if (first <= 0 && -first < counts.length) counts[-first]! -= zeros;
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
    const divergence = clipDivergence(counts, start, end, UINT8_LEVELS);
    if (divergence < least) [best, least] = [range, divergence];
  }
  return best;
}

/**
 * The Kullback-Leibler divergence of a distribution, clipped to some bins, from what is left of it
 * when only `levels` values are told apart there: bins are merged into levels, and each level's
 * count is spread evenly over those of its bins that are not empty.
 *
 * @param counts Values in each bin.
 * @param start First bin that is kept.
 * @param end Bin after the last that is kept. What lies outside is counted into the outermost bins
 * of the clipped distribution, not of the quantized one: it is what clipping gets wrong.
 * @returns In nats; Infinity if nothing is kept.
 */
export function clipDivergence(
  counts: Float64Array,
  start: number,
  end: number,
  levels: number,
): number {
  const clipped = counts.slice(start, end);
  for (let i = 0; i < start; i++) clipped[0]! += counts[i]!;
  for (let i = end; i < counts.length; i++) clipped[clipped.length - 1]! += counts[i]!;

  const quantized = new Float64Array(clipped.length);
  const bins = clipped.length / levels; // of one level; need not be whole
  for (let level = 0; level < levels; level++) {
    const [from, to] = [Math.round(level * bins), Math.round((level + 1) * bins)];
    let sum = 0;
    let filled = 0;
    for (let i = from; i < to; i++) {
      sum += counts[start + i]!;
      if (clipped[i]! > 0) filled++;
    }
    for (let i = from; i < to; i++) if (clipped[i]! > 0) quantized[i] = sum / filled;
  }
  return divergence(smooth(clipped), smooth(quantized));
}

/** Gives empty bins a little, which the others pay for in equal shares. */
function smooth(counts: Float64Array): Float64Array {
  const empty = counts.reduce((sum, count) => sum + (count === 0 ? 1 : 0), 0);
  const share = SMOOTHING * empty / (counts.length - empty);
  return counts.map((count) => count === 0 ? SMOOTHING : count - share);
}

/** Of p from q, both brought to a sum of 1. */
function divergence(p: Float64Array, q: Float64Array): number {
  const sumP = p.reduce((a, b) => a + b, 0);
  const sumQ = q.reduce((a, b) => a + b, 0);
  let sum = 0;
  for (let i = 0; i < p.length; i++) {
    const share = p[i]! / sumP;
    sum += share * Math.log(share / (q[i]! / sumQ));
  }
  return Number.isNaN(sum) ? Infinity : sum;
}
