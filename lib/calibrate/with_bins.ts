import { BINS, coarsen } from "./histogram.ts";
import type { Observer } from "./observers.ts";

/**
 * Shows an observer a histogram of fewer bins: how many a choice really needs, without running the
 * network again. Bins are as wide as a power of two, so that there are more than half as many as said.
 *
 * @param bins 2 to 4096, which is what calibration counts.
 * @throws {RangeError} If `bins` is another number.
 * @example
 * ```ts
 * import { entropy } from "octavo";
 * import { withBins } from "octavo/advanced";
 * import assert from "node:assert/strict";
 * assert.equal(withBins(entropy(), 512).name, "entropy of 512 bins");
 * ```
 * @category Observers (advanced)
 */
export function withBins(observer: Observer, bins: number): Observer {
  if (!(Number.isInteger(bins) && bins >= 2 && bins <= BINS)) {
    throw new RangeError(`withBins() takes a whole number of bins in 2..${BINS}, got ${bins}`);
  }
  return {
    name: `${observer.name} of ${bins} bins`,
    range: (seen) => observer.range({ ...seen, histogram: coarsen(seen.histogram, bins) }),
  };
}
