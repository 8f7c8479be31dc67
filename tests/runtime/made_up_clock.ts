import type { Clock } from "../../lib/runtime/clock.ts";

/** A clock that moves only by the runs, which take what they are told. */
export function madeUpClock(options: { readonly kind?: Clock["kind"] } = {}) {
  let time = 0;
  let others = 0;
  const clock: Clock = { kind: options.kind ?? "thread", now: () => time, others: () => others };
  return {
    clock,
    /** A model that takes so many milliseconds, and compilers that take so many meanwhile. */
    run: (
      cost: (run: number, sample: number) => number,
      compiling: (run: number) => number = () => 0,
    ) => {
      let count = 0;
      return (sample: number) => {
        time += cost(count, sample);
        others += compiling(count++);
        return Promise.resolve();
      };
    },
  };
}
