import { countInto, emptyHistogram, type Histogram, mergeHistograms } from "./histogram.ts";

/**
 * What calibration remembers of one tensor: enough for every observer to choose its range from,
 * without running the network again, and of a size that does not depend on the number of samples.
 */
export interface TensorStatistics {
  /** Values seen. */
  readonly count: number;
  /** Smallest and largest value seen, exact. */
  readonly min: number;
  readonly max: number;
  readonly histogram: Histogram;
}

/** Statistics of a tensor nothing has been seen of: `min` is Infinity, `max` -Infinity. */
export function emptyStatistics(): TensorStatistics {
  return { count: 0, min: Infinity, max: -Infinity, histogram: emptyHistogram() };
}

/**
 * Adds the values of one sample.
 *
 * @param values The tensor, flattened.
 * @throws {RangeError} If a value is NaN or infinite; `cause` is its index.
 */
export function addValues(statistics: TensorStatistics, values: Float32Array): TensorStatistics {
  let min = Infinity;
  let max = -Infinity;
  // Comparisons with NaN are false, so a sum over the values is what finds one.
  let check = 0;
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!;
    if (x < min) min = x;
    if (x > max) max = x;
    check += x * 0;
  }
  if (check !== 0) { // NaN: some value was NaN or infinite
    const index = values.findIndex((x) => !Number.isFinite(x));
    throw new RangeError(`Value ${index} is ${values[index]}`, { cause: index });
  }
  return {
    count: statistics.count + values.length,
    min: Math.min(statistics.min, min),
    max: Math.max(statistics.max, max),
    histogram: countInto(statistics.histogram, values, min, max),
  };
}

/** Adds the statistics of two disjoint sets of samples. */
export function mergeStatistics(a: TensorStatistics, b: TensorStatistics): TensorStatistics {
  return {
    count: a.count + b.count,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    histogram: mergeHistograms(a.histogram, b.histogram),
  };
}
