import { interleave } from "../../lib/runtime/timing.ts";
import { warmUp } from "../../lib/runtime/warm_up.ts";

/** Options for {@linkcode race}. */
export interface RaceOptions {
  /** How often every task has its turn. @default {15} */
  rounds?: number;
  /**
   * Repeats each task until its time is steady first. False for tasks of seconds that have been warmed
   * up in a shorter way. @default {true}
   */
  warm?: boolean;
  /** Ends the race between two turns. */
  signal?: AbortSignal;
}

/** Milliseconds of a task that is not repeated within a turn. */
const ONCE = 1000;

/**
 * Times tasks against each other: each is repeated until its time is steady, then all take turns.
 *
 * @returns Milliseconds, `ms[round][task]`, as `latencyRatio()` takes them.
 */
export async function race(
  tasks: readonly (() => unknown)[],
  options: RaceOptions = {},
): Promise<{ ms: number[][] }> {
  const { rounds = 15, warm = true, signal } = options;
  const between = () => signal?.throwIfAborted();
  const contestants = [];
  for (const task of tasks) {
    const run = async () => void await task();
    contestants.push({ run, ms: warm ? (await warmUp(run, 1, { between })).ms : ONCE });
  }
  return await interleave(contestants, 1, { between, rounds });
}
