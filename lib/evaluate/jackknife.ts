import type { Pooled } from "./metric.ts";

/**
 * Scores whose mean is the value of a pooled metric, and whose spread is that of the value: the jackknife's
 * pseudo-values, `n θ - (n - 1) θ(without the sample)`, moved so that their mean is θ itself. With them
 * intervals, and differences on the same samples, come about as they do for any mean of scores.
 *
 * @param tallies What each sample adds; undefined where it was not scored.
 * @returns A score for each sample; NaN where it was not scored, or adds nothing.
 * @see {@link https://doi.org/10.1214/aoms/1177706647 | Tukey 1958}
 * @example Of a mean they are the values themselves
 * ```ts
 * import { jackknife } from "./jackknife.ts";
 * import assert from "node:assert/strict";
 * const mean = ([sum, count]: readonly number[]) => sum! / count!;
 * assert.deepEqual([...jackknife([[3, 1], [5, 1], undefined], mean)], [3, 5, NaN]);
 * ```
 */
export function jackknife(
  tallies: readonly (readonly number[] | undefined)[],
  value: Pooled["value"],
): Float64Array {
  const counted = tallies.map((tally) => tally && tally.some((x) => x !== 0));
  const n = counted.filter(Boolean).length;
  const sums = sumOf(tallies);
  const whole = value(sums);
  const without = tallies.flatMap((tally, i) => {
    if (!counted[i]) return [];
    return n === 1 ? [whole] : [value(sums.map((sum, j) => sum - (tally![j] ?? 0)))];
  });
  const scores = pseudoValues(whole, without)[Symbol.iterator]();
  return Float64Array.from(tallies, (_, i) => counted[i] ? scores.next().value! : NaN);
}

/**
 * The jackknife's pseudo-values, see {@linkcode jackknife}.
 *
 * @param whole The value over all samples.
 * @param without The value without each of them.
 */
export function pseudoValues(whole: number, without: readonly number[]): Float64Array {
  const n = without.length;
  const scores = Float64Array.from(
    without,
    // Where nothing is left without it, the others say nothing against the whole.
    (value) => n * whole - (n - 1) * (Number.isFinite(value) ? value : whole),
  );
  const mean = scores.reduce((sum, score) => sum + score, 0) / n;
  return scores.map((score) => score - mean + whole);
}

/** The sums over some tallies, which may differ in length. */
export function sumOf(tallies: Iterable<ArrayLike<number> | undefined>): number[] {
  const sums: number[] = [];
  for (const tally of tallies) {
    for (let i = 0; i < (tally?.length ?? 0); i++) sums[i] = (sums[i] ?? 0) + tally![i]!;
  }
  return sums;
}
