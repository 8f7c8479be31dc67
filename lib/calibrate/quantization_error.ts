import { roundEven } from "../tensor/round.ts";
import type { Range } from "./range.ts";
import type { TensorStatistics } from "./statistics.ts";

/** Integers of uint8, the type of every static activation. */
export const UINT8_LEVELS = 256;

/** Sums of squared errors, in squared units of the tensor. */
export interface QuantizationError {
  /** Of all values. */
  readonly total: number;
  /** Of the values outside of what the integers reach: what a wider range would save. */
  readonly clipping: number;
}

/**
 * The squared error that rounding to uint8 over a range does to the values of a tensor: exact for
 * values spread evenly within each bin of the histogram, and none for zeros. The integers are those
 * that `affineParams()` makes of the range: 0 is one of them, both ends are, and there are 255 steps.
 *
 * @param range Interval to represent; it is widened to hold 0.
 * @param levels Number of integers. @default {256, as uint8 has}
 * @example Steps of 1 round evenly spread values by 1/12 of a squared step on average
 * ```ts
 * import { quantizationError } from "./quantization_error.ts";
 * import { addValues, emptyStatistics } from "./statistics.ts";
 * import assert from "node:assert/strict";
 * const values = Float32Array.from({ length: 25_500 }, (_, i) => (i + 0.5) / 100);
 * const seen = addValues(emptyStatistics(), values);
 * const { total, clipping } = quantizationError(seen, { min: 0, max: 255 });
 * assert.ok(Math.abs(total / 25_500 - 1 / 12) < 1e-3);
 * assert.equal(clipping, 0);
 * ```
 */
export function quantizationError(
  { histogram, zeros }: Pick<TensorStatistics, "histogram" | "zeros">,
  range: Range,
  levels = UINT8_LEVELS,
): QuantizationError {
  const { counts, first, width } = histogram;
  const low = Math.min(range.min, 0);
  const scale = (Math.max(range.max, 0) - low) / (levels - 1);
  // Steps from 0 to the lowest and the highest integer.
  const bottom = scale > 0 ? -Math.min(Math.max(roundEven(-low / scale), 0), levels - 1) : 0;
  const top = scale > 0 ? bottom + levels - 1 : 0;
  const zeroBin = -first;

  let total = 0;
  let clipping = 0;
  let before = errorUpTo(first * width, scale, bottom, top);
  for (let i = 0; i < counts.length; i++) {
    const end = (first + i + 1) * width;
    const upTo = errorUpTo(end, scale, bottom, top);
    const count = i === zeroBin ? counts[i]! - zeros : counts[i]!;
    const error = count * (upTo - before);
    total += error;
    if (end <= bottom * scale || end - width >= top * scale) clipping += error;
    before = upTo;
  }
  return { total: total / width, clipping: clipping / width };
}

/**
 * The integral of the squared rounding error from 0 to x: a third of a cube for what is left of the
 * last step, and scale^3 / 12 for each whole one.
 */
function errorUpTo(x: number, scale: number, bottom: number, top: number): number {
  const step = scale > 0 ? Math.min(Math.max(Math.round(x / scale), bottom), top) : 0;
  const rest = x - step * scale;
  return step * scale ** 3 / 12 + rest ** 3 / 3;
}
