/**
 * A value with its 95 % interval.
 * @category Records (advanced)
 */
export interface Estimate {
  /** In the unit of what was measured. */
  value: number;
  /** Lower end of the interval. */
  low: number;
  /** Upper end of the interval. */
  high: number;
  /** Number of samples (or rounds) behind it. */
  n: number;
}

/**
 * Where the signal-to-noise scale ends, in dB: float32 itself resolves 2^-24, which is 144 dB, so
 * what is closer counts as equal.
 */
export const MAX_SQNR = 150;

/**
 * How a metric is shown, compared and judged. Nothing else of it has to be known to do so.
 * @category Records (advanced)
 */
export interface MetricInfo {
  /** e.g. `top-1`, `agreement`, `SQNR`, `cosine`. */
  name: string;
  /** Written after a value: `%`, `dB`, or "". */
  unit: string;
  /**
   * Decimals shown of a value; a difference has one more. Absent: as many for both as give float32's
   * value five significant digits.
   */
  digits?: number;
  /** Whether a larger value is the better one. */
  higherIsBetter: boolean;
  /**
   * A share: the mean of scores within 0..1, given as 0..100, with the intervals of a proportion, its
   * differences in points. It is judged by the difference measured. Any other metric is judged by the
   * worse end of the interval.
   */
  share: boolean;
  /** Value of float32 against itself, where the metric is closeness to float32; absent otherwise. */
  perfect?: number;
  /** Drop accepted where nothing else is said, in the metric's unit. Absent: it must be asked for. */
  maxDrop?: number;
  /**
   * The value is the signal over the noise of the outputs in dB, so that the noise follows from it and
   * an SQNR beside it would say nothing new. Absent: it is not.
   */
  signalToNoise?: boolean;
  /** Why it was chosen, in a sentence, where nobody asked for it. */
  why?: string;
}

/**
 * The metric in one line: the first of what a command prints.
 *
 * @example
 * ```ts
 * import { metricLine } from "./metric_info.ts";
 * import assert from "node:assert/strict";
 * const sqnr = { name: "SQNR", unit: "dB", higherIsBetter: true, share: false };
 * assert.equal(metricLine(sqnr), "Metric: SQNR in dB, higher is better.");
 * ```
 */
export function metricLine({ name, unit, higherIsBetter, why }: MetricInfo): string {
  const direction = higherIsBetter ? "higher is better" : "lower is better";
  return `Metric: ${name}${unit && ` in ${unit}`}, ${direction}.${
    why === undefined ? "" : ` ${why}`
  }`;
}
