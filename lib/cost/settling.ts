import type { KernelTime, TimedSubgraph } from "./time_kernels.ts";

/** How much shorter the whole may be in the next measurement for both to be of the same code. */
const SAME = 0.03;

/** Measurements after which it is left at that: by then it is the machine that changes. */
const MOST = 5;

/** Times subgraphs together; undefined where the runtime does not tell. */
type Timer = (timed: readonly TimedSubgraph[]) => Promise<readonly KernelTime[] | undefined>;

/**
 * A timer that measures until its times fall no more. The runtime is warmed up by running the same
 * subgraphs, but V8 compiles function by function: what takes little of a run, as some of forty
 * kernels do, is compiled well only during the first measurement or the second. Seen in a new process:
 * single kernels at twice their time, all together 8 to 18 % too long, and 2 % in the second.
 */
export function settling(timer: Timer): Timer {
  return async (timed) => {
    let times = await timer(timed);
    for (let count = 1; times && count < MOST; count++) {
      const before = sumOf(times);
      times = await timer(timed);
      if (times && sumOf(times) >= before * (1 - SAME)) break;
    }
    return times;
  };
}

function sumOf(times: readonly KernelTime[]): number {
  return times.reduce((sum, { ms }) => sum + ms, 0);
}
