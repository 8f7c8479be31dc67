/**
 * What a computation takes when it is left alone: the mean of the fastest quarter of its times. Other
 * programs can only add to a time, and on a busy machine they add slices of several milliseconds to
 * most; a quarter is still undisturbed under a load of three. The clock of the runtime counts whole
 * microseconds, which a mean resolves further. NaN for no times.
 *
 * @example
 * ```ts
 * import { undisturbedTime } from "./undisturbed.ts";
 * import assert from "node:assert/strict";
 * assert.equal(undisturbedTime([3, 1, 9, 2, 4, 7]), 1.5);
 * ```
 */
export function undisturbedTime(ms: readonly number[]): number {
  const fastest = ms.toSorted((a, b) => a - b).slice(0, Math.ceil(ms.length / 4));
  return fastest.reduce((sum, time) => sum + time, 0) / fastest.length;
}
