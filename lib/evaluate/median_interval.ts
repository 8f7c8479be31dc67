import type { Estimate } from "../record/metric_info.ts";
import { median } from "../tensor/quantile.ts";
import { Z } from "./interval.ts";

/**
 * The median with a 95 % interval that asks nothing of the distribution: from the k-th smallest to
 * the k-th largest value, k as large as keeps the chance of missing the true median at 5 %, which
 * is a sum of binomial probabilities. Outliers, which timings always have, do not widen it. With 15
 * values it runs from the 4th to the 12th and holds the median with 96.5 %. Fewer than 6 values
 * cannot reach 95 %: then it is all of them, and covers 1 - 2^(1 - n).
 *
 * @throws {RangeError} If there are no values.
 * @see {@link https://doi.org/10.1002/0471722162 | David and Nagaraja, Order Statistics}, section 7.1
 */
export function medianInterval(values: ArrayLike<number>): Estimate {
  const n = values.length;
  if (n === 0) throw new RangeError("Cannot take the median of no values");
  const sorted = Float64Array.from(values).sort();
  const k = medianRank(n);
  return { value: median(sorted), low: sorted[k - 1]!, high: sorted[n - k]!, n };
}

/** Largest k for which fewer than k of n values lie below the median with at most 2.5 %; or 1. */
function medianRank(n: number): number {
  // 2^-n is 0 in float64 from 1,075 on; there the normal approximation errs by less than a rank.
  if (n > 1000) return Math.floor((n + 1 - Z * Math.sqrt(n)) / 2);
  let term = 2 ** -n;
  let below = term;
  let k = 1;
  while (true) {
    term *= (n - k + 1) / k;
    below += term;
    if (below > 0.025) return k;
    k++;
  }
}
