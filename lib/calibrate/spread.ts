import type { Histogram } from "./histogram.ts";
import type { TensorStatistics } from "./statistics.ts";
import type { Spread } from "../record/ablation_record.ts";

/** Share of the values that are its bulk. */
const BULK = 0.999;

/**
 * How the values that calibration saw are spread: whether a few of them take most of the range, and so
 * most of the 256 integers.
 *
 * Values of 0 count for nothing: a Relu makes many, and no range makes an error on them.
 *
 * @returns Undefined where there is nothing but zeros.
 */
export function spreadOf({ histogram, min, max, zeros }: TensorStatistics): Spread | undefined {
  const counts = withoutZeros(histogram, zeros);
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0 || !(max > min)) return undefined;
  const centre = (i: number) => (histogram.first + i + 0.5) * histogram.width;
  let mean = 0;
  counts.forEach((count, i) => mean += count * centre(i) / total);
  let [second, fourth] = [0, 0];
  counts.forEach((count, i) => {
    const squared = (centre(i) - mean) ** 2;
    second += count * squared / total;
    fourth += count * squared ** 2 / total;
  });
  // Zero stays in the range whatever it is, as padding and Relu need it.
  const [low, high] = [Math.min(0, min), Math.max(0, max)];
  const tail = (1 - BULK) / 2 * total;
  const from = quantile(counts, tail);
  const to = counts.length - 1 - quantile(counts.toReversed(), tail);
  const bulkLow = Math.max(low, Math.min(0, (histogram.first + from) * histogram.width));
  const bulkHigh = Math.min(high, Math.max(0, (histogram.first + to + 1) * histogram.width));
  return {
    min,
    max,
    kurtosis: second > 0 ? fourth / second ** 2 : 1,
    bulk: (bulkHigh - bulkLow) / (high - low),
  };
}

/** Counts of a histogram less those that are exactly 0. */
function withoutZeros({ first, counts }: Histogram, zeros: number): Float64Array {
  const left = counts.slice();
  if (first <= 0 && -first < left.length) left[-first] = Math.max(0, left[-first]! - zeros);
  return left;
}

/** The first bin up to which there are more than so many values. */
function quantile(counts: Float64Array, rank: number): number {
  let sum = 0;
  for (let i = 0; i < counts.length; i++) {
    sum += counts[i]!;
    if (sum > rank) return i;
  }
  return counts.length - 1;
}

/** Below this share of the range the other values are outliers: they cost a bit of eight, or more. */
const OUTLIERS = 0.5;

/**
 * Why a tensor is hard to hold in 8 bits, and what would help; undefined where nothing is.
 *
 * @example
 * ```ts
 * import { explainSpread } from "./spread.ts";
 * import assert from "node:assert/strict";
 * assert.equal(
 *   explainSpread("relu1", { min: 0, max: 200, kurtosis: 4000, bulk: 0.03 }),
 *   "0.1 % of the values of relu1 take 97 % of its range [0, 200]: clip them " +
 *     "(percentile, lp-norm), or leave the layer in float32",
 * );
 * assert.equal(explainSpread("relu2", { min: 0, max: 6, kurtosis: 3, bulk: 0.9 }), undefined);
 * ```
 */
export function explainSpread(name: string, { min, max, bulk }: Spread): string | undefined {
  if (bulk > OUTLIERS) return undefined;
  const share = Math.min(99, Math.round(100 * (1 - bulk)));
  return `0.1 % of the values of ${name} take ${share} % of its range [${short(min)}, ` +
    `${short(max)}]: clip them (percentile, lp-norm), or leave the layer in float32`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
