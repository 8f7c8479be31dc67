import type { Pool } from "../../lib/runtime/pool.ts";

/**
 * Workers that measure as little as they can: for tests of what is done with times, whatever they are.
 * What is executed, and how often it is asked for, stays as it is.
 */
export function hasty(pool: Pool): Pool {
  return {
    workers: pool.workers,
    threads: pool.threads,
    run: (...args) => pool.run(...args),
    times: (models, samples, options) => pool.times(models, samples, { ...options, minRoundMs: 1 }),
    optimised: (...args) => pool.optimised(...args),
    profile: (model, samples, options) => pool.profile(model, samples, { ...options, runs: 3 }),
    close: () => pool.close(),
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}
