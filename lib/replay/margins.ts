import { readClasses, toNumbers } from "../evaluate/classes.ts";
import type { ClassOptions } from "../evaluate/metric.ts";
import type { SampleOutputs } from "./effect_setup.ts";

/**
 * How far a network is from another choice: the lead of the chosen class over the next, at the position
 * where it is least. NaN where the output is the class itself, which tells nothing of its lead.
 *
 * @throws {Error} If there is no such output.
 * @example
 * ```ts
 * import { margin } from "./margins.ts";
 * import { float32 } from "../tensor/tensor.ts";
 * import assert from "node:assert/strict";
 * assert.equal(margin({ scores: float32([1, 3], [1, 4, 2.5]) }), 1.5);
 * ```
 */
export function margin(outputs: SampleOutputs, options: ClassOptions = {}): number {
  const { output, ids, count } = readClasses(outputs, options.output);
  if (count === Infinity) return NaN;
  const scores = toNumbers(outputs[output]!);
  let least = Infinity;
  for (let position = 0; position < ids.length; position++) {
    const start = position * count;
    const top = scores[start + ids[position]!]!;
    for (let i = 0; i < count; i++) {
      if (i !== ids[position]) least = Math.min(least, top - scores[start + i]!);
    }
  }
  return least;
}

/**
 * How far a change of a network moved the lead of the class that was chosen over any other, in either
 * direction, at the position where it moved most. A class can only change where this is the
 * {@linkcode margin} or more.
 *
 * @throws {Error} If there is no such output.
 */
export function shift(
  before: SampleOutputs,
  after: SampleOutputs,
  options: ClassOptions = {},
): number {
  const { output, ids, count } = readClasses(before, options.output);
  const [old, now] = [toNumbers(before[output]!), toNumbers(after[output]!)];
  let most = 0;
  for (let position = 0; position < ids.length; position++) {
    const start = position * count;
    const top = start + ids[position]!;
    const moved = now[top]! - old[top]!;
    for (let i = start; i < start + count; i++) {
      if (now[i] === old[i] && !Number.isFinite(old[i])) continue; // a class that is masked stays so
      most = Math.max(most, Math.abs(now[i]! - old[i]! - moved));
    }
  }
  return most;
}

/** One value in 1,000 of a normal distribution lies this many deviations above the mean, or more. */
const RARE = 3.09;

/** The same of one value in 20: the bound, itself taken from some samples, holds at 95 %. */
const SURE = 1.645;

/**
 * The lead above which a change of a network is taken to change no class. It is the larger of two: half as
 * much again as the largest shift that was seen; and the bound below which all but one shift in 1,000 lie
 * if their logarithms are normal. Of the shifts beyond, only those of the next class that go its way change
 * a class, which are far fewer. The bound is a one-sided tolerance limit that holds at 95 %: from few
 * samples it is higher than from many, as their deviation may be larger than it seemed.
 *
 * @param shifts Of some samples, see {@linkcode shift}.
 * @see {@link https://www.itl.nist.gov/div898/handbook/prc/section2/prc263.htm | Tolerance intervals},
 * NIST/SEMATECH handbook, 7.2.6.3: the factor of Natrella 1963
 * @example
 * ```ts
 * import { safeMargin } from "./margins.ts";
 * import assert from "node:assert/strict";
 * assert.ok(Math.abs(safeMargin(Array(16).fill(0.1)) - 0.15) < 1e-9);
 * assert.equal(safeMargin([0, 0]), 0); // nothing moved at all
 * assert.ok(safeMargin([0.01, 0.1, 1]) > 10); // and here anything may
 * ```
 */
export function safeMargin(shifts: readonly number[]): number {
  const logs = shifts.filter((shift) => shift > 0).map(Math.log);
  if (logs.length === 0) return 0;
  const most = Math.max(...shifts);
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const squares = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0);
  const deviation = logs.length > 1 ? Math.sqrt(squares / (logs.length - 1)) : 0;
  if (deviation === 0) return 1.5 * most;
  return Math.max(1.5 * most, Math.exp(mean + toleranceFactor(logs.length) * deviation));
}

/** Deviations above the mean of n normal values; infinite where so few say nothing of the rest. */
function toleranceFactor(n: number): number {
  const a = 1 - SURE ** 2 / (2 * (n - 1));
  const b = RARE ** 2 - SURE ** 2 / n;
  return a > 0 ? (RARE + Math.sqrt(Math.max(0, RARE ** 2 - a * b))) / a : Infinity;
}
