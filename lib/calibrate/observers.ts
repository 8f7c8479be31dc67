import type { Histogram } from "./histogram.ts";
import type { Range } from "./range.ts";
import type { TensorStatistics } from "./statistics.ts";

/**
 * Chooses the interval to keep of one activation from what calibration saw of it; values outside
 * will be clipped. Any object of this shape will do: a notebook cell can define one. Observers share
 * one run over the data, since they read its statistics and not the data.
 * @category Observers
 */
export interface Observer {
  /** Names the observer and its parameters, e.g. `percentile 99.99`; part of a trial's key. */
  readonly name: string;
  /** The interval to keep, in the tensor's units. */
  range(statistics: TensorStatistics): Range;
}

/**
 * Keeps everything ever seen: `[min, max]`. Nothing is clipped; one outlier stretches the scale.
 *
 * @see PyTorch `MinMaxObserver`
 * @example
 * ```ts
 * import { minMax } from "octavo";
 * import { addValues, emptyStatistics } from "octavo/advanced";
 * import assert from "node:assert/strict";
 * const seen = addValues(emptyStatistics(), Float32Array.of(-1, 0, 7));
 * assert.deepEqual(minMax().range(seen), { min: -1, max: 7 });
 * ```
 * @category Observers
 */
export function minMax(): Observer {
  return { name: "min-max", range: ({ min, max }) => ({ min, max }) };
}

/**
 * Keeps `percent` of the values and clips an equal share, `(100 - percent) / 2`, at each end; an end
 * that nothing lies beyond but a heap of equal values (the zeros after a ReLU) is not clipped.
 * Between the edges of a histogram's bin values are taken as uniform.
 *
 * @param percent Share of values to keep, in (0, 100], e.g. 99.99. 100 is min-max.
 * @throws {RangeError} If `percent` is outside (0, 100].
 * @see {@link https://arxiv.org/abs/2004.09602 | Wu et al. 2020}, section 3.2
 * @example One value in a thousand is cut off at each end
 * ```ts
 * import { percentile } from "octavo";
 * import { addValues, emptyStatistics } from "octavo/advanced";
 * import assert from "node:assert/strict";
 * const values = Float32Array.from({ length: 10_000 }, (_, i) => i);
 * const { min, max } = percentile(99.8).range(addValues(emptyStatistics(), values));
 * assert.ok(Math.abs(min - 10) < 4 && Math.abs(max - 9990) < 4);
 * ```
 * @category Observers
 */
export function percentile(percent: number): Observer {
  if (!(percent > 0 && percent <= 100)) {
    throw new RangeError(`percentile() takes a share in (0, 100], got ${percent}`);
  }
  const tail = (100 - percent) / 200;
  return {
    name: `percentile ${percent}`,
    range({ count, min, max, histogram }) {
      const cut = tail * count;
      const low = quantileFromBelow(histogram, cut);
      const high = quantileFromAbove(histogram, cut);
      return { min: Math.max(min, Math.min(low, max)), max: Math.min(max, Math.max(high, min)) };
    },
  };
}

/** The value that `cut` values lie below. */
function quantileFromBelow({ counts, first, width }: Histogram, cut: number): number {
  let below = 0;
  for (let i = 0; i < counts.length; i++) {
    const inBin = counts[i]!;
    if (inBin > 0 && below + inBin > cut) return (first + i + (cut - below) / inBin) * width;
    below += inBin;
  }
  return (first + counts.length) * width;
}

/** The value that `cut` values lie above. */
function quantileFromAbove({ counts, first, width }: Histogram, cut: number): number {
  let above = 0;
  for (let i = counts.length - 1; i >= 0; i--) {
    const inBin = counts[i]!;
    if (inBin > 0 && above + inBin > cut) return (first + i + 1 - (cut - above) / inBin) * width;
    above += inBin;
  }
  return first * width;
}
