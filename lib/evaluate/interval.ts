/** Both ends of a 95 % interval. */
export interface Interval {
  low: number;
  high: number;
}

/** The 97.5 % point of the standard normal distribution. */
export const Z = 1.959963984540054;

/**
 * Wilson's score interval for a proportion. Unlike the textbook's ±1.96 standard errors it stays
 * inside 0..1 and does not shrink to nothing when all samples are right, which is where quantized
 * networks live.
 *
 * @param share Observed proportion, 0..1.
 * @param n Number of samples; need not be whole (see {@linkcode shareInterval}).
 * @see {@link https://doi.org/10.1080/01621459.1927.10502953 | Wilson 1927}; recommended by
 * {@link https://doi.org/10.1214/ss/1009213286 | Brown, Cai and DasGupta 2001}
 * @example 81 of 263 (Newcombe 1998, table I)
 * ```ts
 * import { wilson } from "./interval.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * const { low, high } = wilson(81 / 263, 263);
 * assertAlmostEquals(low, 0.2553, 5e-5);
 * assertAlmostEquals(high, 0.3662, 5e-5);
 * ```
 */
export function wilson(share: number, n: number): Interval {
  const centre = share + Z * Z / (2 * n);
  const half = Z * Math.sqrt((share * (1 - share) + Z * Z / (4 * n)) / n);
  const scale = 1 + Z * Z / n;
  // At the ends rounding would leave 1e-17 where the formula gives 0 or 1.
  return {
    low: share === 0 ? 0 : (centre - half) / scale,
    high: share === 1 ? 1 : (centre + half) / scale,
  };
}

/**
 * Interval for the mean of scores within 0..1. For right-or-wrong scores it is {@linkcode wilson}.
 * Scores between (the share of a sample's positions that agree) vary less than right-or-wrong would
 * with the same mean, as if there were more samples: Wilson's formula is given that number, the
 * effective sample size `n mean (1 - mean) / variance`. Scores that are all 0 or all 1 count as n.
 *
 * @see {@link https://doi.org/10.1093/jssam/smv024 | Dean and Pagano 2015}, who recommend this for
 * clustered samples
 */
export function shareInterval(scores: Float64Array): Interval {
  const { mean, squares } = moments(scores);
  const spread = mean * (1 - mean);
  const n = scores.length;
  return wilson(mean, squares > 0 ? n * Math.max(1, n * spread / squares) : n);
}

/**
 * Student's t interval for the mean of scores of any scale. It is exact for normal scores and good
 * for others from some tens of samples on.
 *
 * @param level Chance that it holds the mean. @default {0.95}
 * @throws {RangeError} If there are fewer than two scores.
 */
export function meanInterval(scores: Float64Array, level = 0.95): Interval {
  const n = scores.length;
  if (n < 2) {
    throw new RangeError(`Cannot give an interval from ${n} sample: at least 2 are needed`);
  }
  const { mean, squares } = moments(scores);
  const half = studentT(n - 1, level) * Math.sqrt(squares / (n - 1) / n);
  return { low: mean - half, high: mean + half };
}

/** Mean, and sum of squared distances from it. */
export function moments(values: Float64Array): { mean: number; squares: number } {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return { mean, squares };
}

/**
 * Where ±t holds a given share of Student's t distribution, by bisection.
 *
 * @param df Degrees of freedom, a whole number from 1.
 * @param level The share, 0.95 or more. @default {0.95, the 97.5 % point}
 */
export function studentT(df: number, level = 0.95): number {
  return bisect((t) => centralT(t, df) - level, Z, 0.65 / (1 - level)); // 0.637 / (1 - level) at df 1
}

/**
 * Chance that a t variable lies within ±t: the finite sums of Abramowitz and Stegun 26.7.3 (odd
 * df) and 26.7.4 (even df).
 */
function centralT(t: number, df: number): number {
  const angle = Math.atan(t / Math.sqrt(df));
  const cosine = Math.cos(angle);
  const odd = df % 2 === 1;
  let term = odd ? cosine : 1;
  let sum = df === 1 ? 0 : term;
  for (let k = odd ? 3 : 2; k <= df - 2; k += 2) {
    term *= (k - 1) / k * cosine * cosine;
    sum += term;
  }
  return odd ? 2 / Math.PI * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
}

/** Where a function that rises from below 0 at `low` to above 0 at `high` crosses 0. */
export function bisect(rising: (x: number) => number, low: number, high: number): number {
  // 60 halvings leave nothing of a float64's 53 bits.
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (rising(middle) < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
