import { quantile } from "../evaluate/quantile.ts";

/**
 * What a computation takes when it is left alone: the lower quartile of its times. Other programs can
 * only add to a time, and on a busy machine they add to more than half of them, by slices of several
 * milliseconds; a quarter of undisturbed runs is still there under a load of three.
 */
export function quietTime(ms: readonly number[]): number {
  return quantile(ms, 0.25);
}
