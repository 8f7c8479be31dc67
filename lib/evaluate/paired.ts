import { bisect, type Interval, Z } from "./interval.ts";

/**
 * Tango's score interval for the difference of two proportions on the same samples.
 *
 * Samples that both networks get right, or both wrong, tell nothing of the difference; those that
 * only one gets right do. For int8 against float32 these are few, often none, and there the simple
 * intervals fail: ±1.96 standard errors give [0, 0] after no change in 500 samples, as if that
 * proved that there never is one. Tango's is the set of differences that a score test at 5 % does
 * not reject: it gives ±0.76 points there, agrees with McNemar's test (it holds 0 exactly if the
 * test finds no difference), and holds its 95 % for few samples as for many.
 *
 * @param gained Number of samples that only the candidate gets right.
 * @param lost Number of samples that only the reference gets right.
 * @param n Number of all samples.
 * @returns Ends of the interval for candidate minus reference, within -1..1.
 * @see {@link https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8<891::AID-SIM780>3.0.CO;2-B | Tango 1998};
 * compared with others and recommended by
 * {@link https://doi.org/10.1002/sim.6148 | Fagerland, Lydersen and Laake 2014}
 * @example 6 gained and 16 lost of 161, as R's contingencytables gives it
 * ```ts
 * import { tango } from "./paired.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * const { low, high } = tango(6, 16, 161);
 * assertAlmostEquals(low, -0.1240, 5e-5);
 * assertAlmostEquals(high, -0.0054, 5e-5);
 * ```
 */
export function tango(gained: number, lost: number, n: number): Interval {
  const observed = (gained - lost) / n;
  const score = (difference: number) => tangoScore(difference, gained, lost, n);
  return {
    low: observed === -1 ? -1 : bisect((d) => Z - score(d), -1, observed),
    high: observed === 1 ? 1 : bisect((d) => -score(d) - Z, observed, 1),
  };
}

/** Distance of the observed from the supposed difference, in standard errors if that were true. */
function tangoScore(difference: number, gained: number, lost: number, n: number): number {
  // Most likely share of "only the reference is right", given the difference: the root of
  // 2n q^2 + b q + c = 0.
  const b = (2 * n - gained + lost) * difference - gained - lost;
  const c = -lost * difference * (1 - difference);
  const share = (Math.sqrt(Math.max(0, b * b - 8 * n * c)) - b) / (4 * n);
  const variance = n * (2 * share + difference * (1 - difference));
  const distance = gained - lost - n * difference;
  // At the ends of -1..1 the variance vanishes: such a difference leaves no room for chance.
  return variance > 0 ? distance / Math.sqrt(variance) : distance === 0 ? 0 : distance * Infinity;
}
