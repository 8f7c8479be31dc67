import { addChannels, type ChannelLayout, type ChannelStatistics } from "./channel_statistics.ts";
import { countInto, emptyHistogram, type Histogram } from "./histogram.ts";
import { addExtremes, noExtremes, type SampleExtremes } from "./sample_extremes.ts";

/**
 * What calibration remembers of one tensor: enough for every observer to choose its range from,
 * without running the network again, and of a size that does not depend on the number of samples.
 * @category Observers (advanced)
 */
export interface TensorStatistics {
  /** Values seen. */
  readonly count: number;
  /** Values of these that are 0: after a Relu they are many, and no range makes an error on them. */
  readonly zeros: number;
  /** Smallest value seen, exact. */
  readonly min: number;
  /** Largest value seen, exact. */
  readonly max: number;
  /** Smallest and largest value of each sample, summed up. */
  readonly samples: SampleExtremes;
  /** All values, zeros too. */
  readonly histogram: Histogram;
  /** Set where an infinity was seen, as a mask has them: there is no range, and nothing else is kept. */
  readonly endless?: true;
  /** Only of tensors whose channels were asked for. */
  readonly channels?: ChannelStatistics;
}

/**
 * Statistics of a tensor nothing has been seen of: `min` is Infinity, `max` -Infinity.
 * @category Observers (advanced)
 */
export function emptyStatistics(): TensorStatistics {
  return {
    count: 0,
    zeros: 0,
    min: Infinity,
    max: -Infinity,
    samples: noExtremes(),
    histogram: emptyHistogram(),
  };
}

/**
 * Adds the values of one sample.
 *
 * @param statistics What was seen so far, which is no longer valid after (its arrays are re-used).
 * @param values The tensor, flattened.
 * @param layout Where the channels are, to watch them too. @default {they are not watched}
 * @throws {RangeError} If a value is NaN; `cause` is its index.
 * @example An observer of one's own, tried on a few values
 * ```ts
 * import type { Observer } from "octavo";
 * import { addValues, emptyStatistics } from "octavo/advanced";
 * import assert from "node:assert/strict";
 * const positive: Observer = { name: "positive", range: ({ max }) => ({ min: 0, max }) };
 * const seen = addValues(emptyStatistics(), Float32Array.of(-1, 3));
 * assert.deepEqual(positive.range(seen), { min: 0, max: 3 });
 * ```
 * @category Observers (advanced)
 */
export function addValues(
  statistics: TensorStatistics,
  values: Float32Array,
  layout?: ChannelLayout,
): TensorStatistics {
  if (values.length === 0 || statistics.endless) return statistics;
  let min = Infinity;
  let max = -Infinity;
  let zeros = 0;
  // Comparisons with NaN are false, so a sum over the values is what finds one.
  let check = 0;
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!;
    if (x < min) min = x;
    if (x > max) max = x;
    if (x === 0) zeros++;
    check += x * 0;
  }
  if (check !== 0) { // NaN: some value was NaN or infinite
    const index = values.findIndex(Number.isNaN);
    if (index >= 0) throw new RangeError(`Value ${index} is NaN`, { cause: index });
    return { ...emptyStatistics(), endless: true };
  }
  return {
    count: statistics.count + values.length,
    zeros: statistics.zeros + zeros,
    min: Math.min(statistics.min, min),
    max: Math.max(statistics.max, max),
    samples: addExtremes(statistics.samples, { min, max }),
    histogram: countInto(statistics.histogram, values, min, max),
    ...(layout && { channels: addChannels(statistics.channels, values, layout) }),
  };
}
