import type { Range } from "./range.ts";

/**
 * Weight of each new sample in the moving average, that of PyTorch and of onnxruntime. It is fixed
 * here since the average is formed while samples pass, in four numbers; another weight would need
 * the extremes of every sample.
 */
export const AVERAGING_CONSTANT = 0.01;

/**
 * Smallest and largest value of each sample, summed up over the samples, in numbers that do not grow
 * with them.
 */
export interface SampleExtremes {
  /** Samples that had a value at all. */
  readonly count: number;
  /** Of the first of them. */
  readonly first: Range;
  /** Sums over the samples. */
  readonly sum: Range;
  /**
   * Sums with weight c (1 - c)^k for the sample that k others followed, c being
   * {@linkcode AVERAGING_CONSTANT}. Alone here the order of the samples counts.
   */
  readonly decayed: Range;
}

const ZERO: Range = { min: 0, max: 0 };

/** Of no sample. */
export function noExtremes(): SampleExtremes {
  return { count: 0, first: ZERO, sum: ZERO, decayed: ZERO };
}

/** Adds a sample with these extremes. */
export function addExtremes(extremes: SampleExtremes, sample: Range): SampleExtremes {
  const c = AVERAGING_CONSTANT;
  return mergeExtremes(extremes, {
    count: 1,
    first: sample,
    sum: sample,
    decayed: { min: c * sample.min, max: c * sample.max },
  });
}

/** Adds the extremes of samples that came after those of `a`. */
export function mergeExtremes(a: SampleExtremes, b: SampleExtremes): SampleExtremes {
  if (a.count === 0) return b;
  if (b.count === 0) return a;
  return {
    count: a.count + b.count,
    first: a.first,
    sum: weigh(a.sum, 1, b.sum),
    decayed: weigh(a.decayed, (1 - AVERAGING_CONSTANT) ** b.count, b.decayed),
  };
}

/** Mean of the extremes. */
export function meanExtremes({ count, sum }: SampleExtremes): Range {
  return { min: sum.min / count, max: sum.max / count };
}

/** The moving average of the extremes after the last sample; it starts as those of the first. */
export function averageExtremes({ count, first, decayed }: SampleExtremes): Range {
  // The first sample has the weight (1 - c)^(n - 1), of which c (1 - c)^(n - 1) is in the sums.
  return weigh(first, (1 - AVERAGING_CONSTANT) ** count, decayed);
}

/** weight * a + b. */
function weigh(a: Range, weight: number, b: Range): Range {
  return { min: weight * a.min + b.min, max: weight * a.max + b.max };
}
