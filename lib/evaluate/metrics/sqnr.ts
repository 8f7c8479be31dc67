import { MAX_SQNR } from "../../record/metric_info.ts";
import { sqnrOf } from "../closeness.ts";
import type { ClosenessOptions, Metric } from "../metric.ts";
import { worst } from "../worst_output.ts";

/** SQNR that is asked for where nothing else is said, dB: errors of a thousandth of the power. */
export const LEAST_SQNR = 30;

/**
 * Signal to quantization-noise ratio of a sample's outputs against the float32 network's, in dB; of
 * several outputs the worst, since outputs differ in scale and one must not hide another. Equal
 * outputs count as 150 dB, the end of float32's own resolution.
 *
 * @example A tenth of the signal is 20 dB
 * ```ts
 * import { float32Tensor, sqnr } from "octavo";
 * import { assertAlmostEquals } from "@std/assert";
 * const [outputs, reference] = [{ y: float32Tensor([1], [1.1]) }, { y: float32Tensor([1], [1]) }];
 * assertAlmostEquals(sqnr().score({ outputs, reference, index: 0 }), 20, 1e-4);
 * ```
 * @category Measuring
 */
export function sqnr(options: ClosenessOptions = {}): Metric {
  return {
    name: "SQNR",
    about: "signal to quantization noise against float32's outputs; of several the worst",
    needs: "outputs of numbers",
    unit: "dB",
    digits: 1,
    higherIsBetter: true,
    share: false,
    perfect: MAX_SQNR,
    maxDrop: MAX_SQNR - LEAST_SQNR,
    signalToNoise: true,
    resolution: 1,
    score: (sample) => worst(sample, options, sqnrOf),
  };
}
