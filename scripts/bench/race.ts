import { interleave, warmUp } from "../../lib/runtime/timing.ts";

/** Options for {@linkcode race}. */
export interface RaceOptions {
  /** How often every task has its turn. @default {15} */
  rounds?: number;
  /** Ends the race between two turns. */
  signal?: AbortSignal;
}

/**
 * Times tasks against each other: each is repeated until its time is steady, then all take turns.
 *
 * @returns Milliseconds, `ms[round][task]`, as `latencyRatio()` takes them.
 */
export async function race(
  tasks: readonly (() => unknown)[],
  options: RaceOptions = {},
): Promise<{ ms: number[][] }> {
  const { rounds = 15, signal } = options;
  const between = () => signal?.throwIfAborted();
  const contestants = [];
  for (const task of tasks) {
    const run = async () => void await task();
    contestants.push({ run, ms: (await warmUp(run, 1, { between })).ms });
  }
  return { ms: await interleave(contestants, 1, { between, rounds }) };
}
