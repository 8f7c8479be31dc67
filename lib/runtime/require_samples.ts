import { UserError } from "../errors.ts";
import type { Feeds } from "../tensor/tensor.ts";

/** @throws {UserError} If there is no sample to run on. */
export function requireSamples(samples: readonly Feeds[], task: string): void {
  if (samples.length > 0) return;
  throw new UserError(`Cannot ${task}: there is no sample to run on; give at least one`);
}
