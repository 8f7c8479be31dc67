/**
 * The value below which a share of the values lies, linear between neighbours: numpy's default,
 * definition 7 of Hyndman and Fan. NaN for no values.
 *
 * @param share In 0..1; 0.5 is the median.
 * @example
 * ```ts
 * import { quantile } from "./quantile.ts";
 * import assert from "node:assert/strict";
 * assert.equal(quantile([3, 1, 4, 1, 5, 9, 2, 6], 0.25), 1.75);
 * ```
 */
export function quantile(values: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(values).sort();
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? NaN;
  const above = sorted[Math.ceil(place)] ?? NaN;
  return below + (above - below) * (place - Math.floor(place));
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: ArrayLike<number>): number {
  return quantile(values, 0.5);
}
