import type { Estimate } from "./metric_info.ts";
import type { Latency, MachineLoad } from "./trial_record.ts";

/**
 * How many times its lower end the upper end of a ratio's interval may be. Turns of one process share
 * their seconds, so that on a quiet machine the ends are some per cent apart; a factor of two is the
 * machine's doing.
 */
const WIDEST = 2;

/**
 * Whether a ratio of times says anything: its interval is known to a factor of two. Of one that is not,
 * nothing follows, neither that a model is faster nor that it is slower, on whichever side of 1 it lies.
 *
 * @example
 * ```ts
 * import { isSettled } from "./settled.ts";
 * import assert from "node:assert/strict";
 * assert.ok(isSettled({ low: 0.44, high: 0.46 }));
 * assert.ok(!isSettled({ low: 0.07, high: 0.91 }));
 * ```
 */
export function isSettled({ low, high }: Pick<Estimate, "low" | "high">): boolean {
  return low > 0 && high <= WIDEST * low;
}

/** Whether more runs than there are cores: what is timed then waits for its turn. */
export function isBusy({ average, cores }: MachineLoad): boolean {
  return Math.round(average) > cores;
}

/**
 * What is to be said where times of a measurement mean nothing: `The machine is busy (load 17 on 2 cores):
 * times mean nothing yet.` Undefined where all of them are settled.
 *
 * @param latencies What was measured.
 */
export function unsettledNote(
  latencies: readonly Pick<Latency, "ratio" | "load">[],
): string | undefined {
  const unsettled = latencies.filter(({ ratio }) => !isSettled(ratio));
  if (unsettled.length === 0) return undefined;
  const loads = unsettled.flatMap(({ load }) => load && isBusy(load) ? [load] : []);
  const [most] = loads.toSorted((a, b) => b.average - a.average);
  const why = most
    ? `The machine is busy (load ${Math.round(most.average)} on ${most.cores} ` +
      `${most.cores === 1 ? "core" : "cores"})`
    : "The time of the same run changed by more than a factor of two while it was measured";
  return `${why}: times mean nothing yet.`;
}
