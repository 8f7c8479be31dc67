import type { RuntimeName } from "../record/runtime_name.ts";
import type { Latency, MachineLoad } from "../record/trial_record.ts";
import { haveMoved } from "../runtime/drift.ts";
import type { Times } from "../runtime/runtime.ts";
import { median } from "../tensor/quantile.ts";
import { medianInterval } from "./median_interval.ts";

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
  /** What ran both. @default {not told} */
  runtime?: RuntimeName;
  /** What else the machine had to do. @default {not told} */
  load?: MachineLoad;
}

/**
 * Compares the times of two models that were measured in turns.
 *
 * A shared machine is fast one second and slow the next, and both models of a round meet much the
 * same second: so it is the ratio within each round that is kept, the median of the ratios that is
 * reported, and its interval (see `medianInterval()`) holds whatever their distribution. It is wider by
 * what fresh processes differ by (2 %, squares added), so that it holds for the next one too. The times
 * themselves are for orientation only.
 *
 * @param times Milliseconds, `ms[round][model]`, as a runtime's `times()` gives them.
 * @throws {RangeError} If there are no rounds or no such columns.
 * @example
 * ```ts
 * import { latencyRatio } from "./latency.ts";
 * import assert from "node:assert/strict";
 * const { ratio } = latencyRatio({ ms: [[40, 20], [60, 27], [40, 22]] });
 * assert.deepEqual([ratio.value, ratio.n], [0.5, 3]);
 * assert.ok(ratio.low < 0.45 && ratio.low > 0.448); // the square root of 0.05² + 0.01² below
 * ```
 */
export function latencyRatio(
  times: Pick<Times, "wallMs" | "clock" | "isWarm"> & { readonly ms: Rounds },
  options: LatencyOptions = {},
): Latency {
  const { baseline = 0, candidate = 1, threads = 1, machine = "", runtime, load } = options;
  const { ms, wallMs, clock, isWarm = true } = times;
  const baselineMs = column(ms, baseline);
  const candidateMs = column(ms, candidate);
  const pair = baselineMs.map((time, round) => [time, candidateMs[round]!]);
  return {
    threads,
    rounds: ms.length,
    ratio: ratioOf(ms, baseline, candidate),
    ...(wallMs && clock !== "wall" && { wallRatio: ratioOf(wallMs, baseline, candidate) }),
    ...(clock && { clock }),
    baselineMs: median(baselineMs),
    candidateMs: median(candidateMs),
    drifted: !isWarm || haveMoved(pair),
    machine,
    ...(runtime && { runtime }),
    ...(load && { load }),
  };
}

/**
 * How far the ratio of one process may lie from that of another in which nothing differs, as a share of
 * it: where the runtime puts weights and tensors is chance, and holds for as long as a session. Of 24
 * fresh processes, three networks of 0.1 to 0.15 ms, half were off by more than 1 % and none by more than
 * 3.5 %, of which a part is the spread of the rounds.
 */
const BETWEEN_PROCESSES = 0.02;

/** Milliseconds, `[round][model]`. */
type Rounds = readonly (readonly number[])[];

function ratioOf(ms: Rounds, baseline: number, candidate: number): Latency["ratio"] {
  const before = column(ms, baseline);
  const own = medianInterval(column(ms, candidate).map((time, round) => time / before[round]!));
  const between = BETWEEN_PROCESSES * own.value;
  return {
    ...own,
    low: own.value - Math.hypot(own.value - own.low, between),
    high: own.value + Math.hypot(own.high - own.value, between),
  };
}

/** The times of a model, round by round. */
function column(ms: Rounds, model: number): number[] {
  return ms.map((round, index) => {
    const time = round[model];
    if (time !== undefined && time > 0) return time;
    throw new RangeError(`Cannot compare times: round ${index} has ${time} ms for model ${model}`);
  });
}
