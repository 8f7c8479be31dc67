import type { Latency, MachineLoad } from "../record/trial_record.ts";
import { median, medianInterval, quantile } from "./quantile.ts";

/** Options for {@linkcode latencyRatio}. */
export interface LatencyOptions {
  /** Column of the float32 model. @default {0} */
  baseline?: number;
  /** Column of the candidate. @default {1} */
  candidate?: number;
  /** Threads that the runtime used. @default {1} */
  threads?: number;
  /** Fingerprint of the machine. @default {""} */
  machine?: string;
  /** What else the machine had to do. @default {not told} */
  load?: MachineLoad;
}

/**
 * Compares the times of two models that were measured in turns.
 *
 * A shared machine is fast one second and slow the next, and both models of a round meet much the
 * same second: so it is the ratio within each round that is kept, the median of the ratios that is
 * reported, and its interval (see `medianInterval()`) holds whatever their distribution. The times
 * themselves are for orientation only.
 *
 * @param times Milliseconds, `ms[round][model]`, as the worker pool gives them.
 * @throws {RangeError} If there are no rounds or no such columns.
 * @example
 * ```ts
 * import { latencyRatio } from "./latency.ts";
 * import assert from "node:assert/strict";
 * const { ratio } = latencyRatio({ ms: [[40, 20], [60, 27], [40, 22]] });
 * assert.deepEqual(ratio, { value: 0.5, low: 0.45, high: 0.55, n: 3 });
 * ```
 */
export function latencyRatio(
  times: { readonly ms: readonly (readonly number[])[] },
  options: LatencyOptions = {},
): Latency {
  const { baseline = 0, candidate = 1, threads = 1, machine = "", load } = options;
  const column = (model: number) =>
    times.ms.map((round, index) => {
      const ms = round[model];
      if (ms !== undefined && ms > 0) return ms;
      throw new RangeError(`Cannot compare times: round ${index} has ${ms} ms for model ${model}`);
    });
  const baselineMs = column(baseline);
  const candidateMs = column(candidate);
  return {
    threads,
    rounds: times.ms.length,
    ratio: medianInterval(candidateMs.map((ms, round) => ms / baselineMs[round]!)),
    baselineMs: median(baselineMs),
    candidateMs: median(candidateMs),
    drifted: hasDrifted(baselineMs),
    machine,
    ...(load && { load }),
  };
}

/**
 * Whether times moved while they were taken: the medians of the first and the second half differ by
 * more than three standard errors, as the spread within the halves gives them, and by more than 2 %,
 * which is what runs of the same computation differ by on a quiet machine. For 15 steady rounds it
 * says so by chance about once in fifty.
 *
 * @example
 * ```ts
 * import { hasDrifted } from "./latency.ts";
 * import assert from "node:assert/strict";
 * assert.ok(!hasDrifted([40, 44, 41, 43, 42, 40, 44, 41]));
 * assert.ok(hasDrifted([40, 41, 40, 41, 50, 51, 50, 51]));
 * ```
 */
export function hasDrifted(ms: readonly number[]): boolean {
  if (ms.length < 4) return false; // halves of one round have no spread
  const middle = Math.floor(ms.length / 2);
  const halves = [ms.slice(0, middle), ms.slice(middle)] as const;
  const [first, second] = halves;
  // Of normal values the interquartile range is 1.349 standard deviations, and the median errs by
  // 1.253 (the root of pi / 2) times as much as the mean. Neither is moved by single slow rounds.
  const [q1, q2] = halves.map((half) => quantile(half, 0.75) - quantile(half, 0.25));
  const deviation = (q1! + q2!) / 2 / 1.349;
  const error = 1.253 * deviation * Math.sqrt(1 / first.length + 1 / second.length);
  const moved = Math.abs(median(second) - median(first));
  return moved > 3 * error && moved > 0.02 * median(ms);
}
