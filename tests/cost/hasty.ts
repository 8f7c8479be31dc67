import type { Runtime } from "../../lib/runtime/runtime.ts";

/**
 * Workers that measure as little as they can: for tests of what is done with times, whatever they are.
 * What is executed, and how often it is asked for, stays as it is.
 */
export function hasty(runtime: Runtime): Runtime {
  return {
    about: runtime.about,
    environment: () => runtime.environment(),
    run: (...args) => runtime.run(...args),
    times: (models, samples, options) =>
      runtime.times(models, samples, { ...options, minRoundMs: 1 }),
    optimized: (...args) => runtime.optimized(...args),
    profile: (model, samples, options) => runtime.profile(model, samples, { ...options, runs: 3 }),
    close: () => runtime.close(),
    [Symbol.asyncDispose]: () => runtime[Symbol.asyncDispose](),
  };
}
