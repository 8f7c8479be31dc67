/** How far above its final level a time may lie that has come to it, as a share. */
const NEAR = 0.1;

/** Least milliseconds of runs that are looked at together. */
const SPAN_MS = 5;

/**
 * Milliseconds of running after which the time of a run stays within 10 % of its final level: until
 * the end of the last two spans of 5 ms, one behind the other, in which it was not. A single slow span
 * says nothing.
 *
 * @param marks When each run ended, in milliseconds since the first began.
 * @param level Milliseconds of a run in the end.
 * @returns At least the first span, of a run or more.
 * @example
 * ```ts
 * import { timeUntilSteady } from "./time_until_steady.ts";
 * import assert from "node:assert/strict";
 * assert.equal(timeUntilSteady([20, 32, 38, 44, 50], 6), 32); // runs of 20, 12, 6, 6 and 6 ms
 * ```
 */
export function timeUntilSteady(marks: readonly number[], level: number): number {
  let [from, runs, slow] = [0, 0, 0];
  let steady: number | undefined;
  for (const until of marks) {
    runs++;
    if (until - from < SPAN_MS) continue;
    slow = (until - from) / runs > level * (1 + NEAR) ? slow + 1 : 0;
    if (steady === undefined || slow > 1) steady = until;
    [from, runs] = [until, 0];
  }
  return steady ?? marks.at(-1) ?? 0;
}
