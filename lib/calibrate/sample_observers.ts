import type { Observer } from "./observers.ts";
import type { Range } from "./range.ts";
import { averageExtremes, meanExtremes } from "./sample_extremes.ts";

/**
 * Keeps the moving average of each sample's smallest and largest value: it starts with the first
 * sample's, and each further one moves it by 1 % of the way (`a + 0.01 (x - a)`). Outliers of single
 * samples fade. The result depends on the order of the samples, and after few samples it is mostly
 * the first one: bring a hundred or more, shuffled.
 *
 * @see PyTorch `MovingAverageMinMaxObserver`, whose `averaging_constant` is 0.01 by default
 * @example
 * ```ts
 * import { movingAverage } from "octavo";
 * import { addValues, emptyStatistics } from "octavo/advanced";
 * import assert from "node:assert/strict";
 * const first = addValues(emptyStatistics(), Float32Array.of(0, 100));
 * const { max } = movingAverage().range(addValues(first, Float32Array.of(0, 200)));
 * assert.ok(Math.abs(max - 101) < 1e-9);
 * ```
 * @category Observers
 */
export function movingAverage(): Observer {
  return { name: "moving-average", range: (seen) => within(seen, averageExtremes(seen.samples)) };
}

/**
 * Keeps the mean of each sample's smallest and of each sample's largest value; the order of the
 * samples does not count. What onnxruntime's calibrator computes under the name of moving average.
 *
 * @example
 * ```ts
 * import { meanMinMax } from "octavo";
 * import { addValues, emptyStatistics } from "octavo/advanced";
 * import assert from "node:assert/strict";
 * const first = addValues(emptyStatistics(), Float32Array.of(-1, 100));
 * const seen = addValues(first, Float32Array.of(-3, 200));
 * assert.deepEqual(meanMinMax().range(seen), { min: -2, max: 150 });
 * ```
 * @category Observers
 */
export function meanMinMax(): Observer {
  return { name: "mean-min-max", range: (seen) => within(seen, meanExtremes(seen.samples)) };
}

/** Averages of equal values can differ from them by a rounding error. */
function within(seen: Range, { min, max }: Range): Range {
  const clamp = (x: number) => Math.min(Math.max(x, seen.min), seen.max);
  return { min: clamp(min), max: clamp(max) };
}
