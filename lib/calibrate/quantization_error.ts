import { zeroStep } from "../tensor/round.ts";
import type { Range } from "./range.ts";
import type { TensorStatistics } from "./statistics.ts";

/** Integers of uint8, the type of every static activation. */
export const UINT8_LEVELS = 256;

/**
 * Sums of errors to a power, of squared errors in squared units of the tensor.
 * @category Observers (advanced)
 */
export interface QuantizationError {
  /** Of all values. */
  readonly total: number;
  /** Of the values outside of what the integers reach: what a wider range would save. */
  readonly clipping: number;
}

/**
 * Options for {@linkcode quantizationError}.
 * @category Observers (advanced)
 */
export interface QuantizationErrorOptions {
  /** Power to which errors are raised before they are added up. @default {2} */
  norm?: number;
  /** Number of integers. @default {256, as uint8 has} */
  levels?: number;
}

/**
 * The squared error that rounding to uint8 over a range does to the values of a tensor: exact for
 * values spread evenly within each bin of the histogram, and none for zeros. The integers are those
 * that `affineParams()` makes of the range: 0 is one of them, both ends are, and there are 255 steps.
 *
 * @param range Interval to represent; it is widened to hold 0.
 * @example Steps of 1 round evenly spread values by 1/12 of a squared step on average
 * ```ts
 * import { addValues, emptyStatistics, quantizationError } from "octavo/advanced";
 * import assert from "node:assert/strict";
 * const values = Float32Array.from({ length: 25_500 }, (_, i) => (i + 0.5) / 100);
 * const seen = addValues(emptyStatistics(), values);
 * const { total, clipping } = quantizationError(seen, { min: 0, max: 255 });
 * assert.ok(Math.abs(total / 25_500 - 1 / 12) < 1e-3);
 * assert.equal(clipping, 0);
 * ```
 * @category Observers (advanced)
 */
export function quantizationError(
  { histogram, zeros }: Pick<TensorStatistics, "histogram" | "zeros">,
  range: Range,
  options: QuantizationErrorOptions = {},
): QuantizationError {
  const { norm = 2, levels = UINT8_LEVELS } = options;
  const { counts, first, width } = histogram;
  const low = Math.min(range.min, 0);
  const scale = (Math.max(range.max, 0) - low) / (levels - 1);
  const bottom = scale > 0 ? -zeroStep(low, scale, { qmin: 0, qmax: levels - 1 }) : 0;
  const top = scale > 0 ? bottom + levels - 1 : 0;
  const grid = { scale, bottom, top, norm, whole: 2 * integral(scale / 2, norm) };

  let total = 0;
  let clipping = 0;
  let before = errorUpTo(first * width, grid);
  for (let i = 0; i < counts.length; i++) {
    const end = (first + i + 1) * width;
    const upTo = errorUpTo(end, grid);
    const count = first + i === 0 ? counts[i]! - zeros : counts[i]!;
    const error = count * (upTo - before);
    total += error;
    if (end <= bottom * scale || end - width >= top * scale) clipping += error;
    before = upTo;
  }
  return { total: total / width, clipping: clipping / width };
}

/**
 * What rounding to uint8 over a range leaves of a tensor, as a ratio of signal to quantization noise:
 * `10 log10(sum of x^2 / sum of squared errors)`, both from the histogram.
 *
 * @returns dB; Infinity where no value is changed.
 * @example Half of the range costs more than it gains, where the values reach all of it
 * ```ts
 * import { addValues, clipSqnr, emptyStatistics } from "octavo/advanced";
 * import assert from "node:assert/strict";
 * const seen = addValues(emptyStatistics(), Float32Array.from({ length: 1e4 }, (_, i) => i / 1e4));
 * assert.ok(clipSqnr(seen, { min: 0, max: 1 }) > 50);
 * assert.ok(clipSqnr(seen, { min: 0, max: 0.5 }) < 10);
 * ```
 * @category Observers (advanced)
 */
export function clipSqnr(
  statistics: Pick<TensorStatistics, "histogram" | "zeros">,
  range: Range,
): number {
  const { histogram: { counts, first, width }, zeros } = statistics;
  let signal = 0;
  counts.forEach((count, i) => {
    const [start, end] = [(first + i) * width, (first + i + 1) * width];
    const values = first + i === 0 ? count - zeros : count;
    // The mean of x^2 over a bin.
    signal += values * (start * start + start * end + end * end) / 3;
  });
  const { total } = quantizationError(statistics, range);
  return total > 0 ? 10 * Math.log10(signal / total) : Infinity;
}

interface GridErrors {
  readonly scale: number;
  /** Lowest and highest integer, counted from the one that stands for 0. */
  readonly bottom: number;
  readonly top: number;
  readonly norm: number;
  /** Integral over one whole step. */
  readonly whole: number;
}

/** The integral of the rounding error's power from 0 to x: of whole steps, and of what is left. */
function errorUpTo(x: number, { scale, bottom, top, norm, whole }: GridErrors): number {
  const step = scale > 0 ? Math.min(Math.max(Math.round(x / scale), bottom), top) : 0;
  return step * whole + integral(x - step * scale, norm);
}

/** The integral of |t|^norm from 0 to x. */
function integral(x: number, norm: number): number {
  if (norm === 2) return x * x * x / 3; // powers take most of the time of a search
  return Math.sign(x) * Math.abs(x) ** (norm + 1) / (norm + 1);
}
