import type { Range } from "./range.ts";

/**
 * Weight of each new sample in the moving average, that of PyTorch and of onnxruntime. It is fixed
 * here since the average is formed while samples pass, in four numbers; another weight would need
 * the extremes of every sample.
 */
const AVERAGING_CONSTANT = 0.01;

/**
 * Smallest and largest value of each sample, summed up over the samples, in numbers that do not grow
 * with them.
 * @category Observers (advanced)
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
   * 0.01. Alone here the order of the samples counts.
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
  const { count, first, sum, decayed } = extremes;
  const c = AVERAGING_CONSTANT;
  const weighed = { min: c * sample.min, max: c * sample.max };
  if (count === 0) return { count: 1, first: sample, sum: sample, decayed: weighed };
  return {
    count: count + 1,
    first,
    sum: weigh(sum, 1, sample),
    decayed: weigh(decayed, 1 - c, weighed),
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
