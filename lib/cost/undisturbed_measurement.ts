import type { MachineLoad } from "../record/trial_record.ts";
import { isBusy } from "../record/settled.ts";

/** What is known of the moment in which kernels were timed. */
export interface Moment {
  /**
   * How many times their undisturbed time kernels took in the mean of all runs; undefined where the
   * runtime tells no times of single runs.
   */
  readonly stretch?: number;
  readonly load: MachineLoad;
  /** Whether the machine changed its pace meanwhile. */
  readonly drifted: boolean;
}

/**
 * Means of this many times the undisturbed time are found on a quiet machine too (1.04 to 1.22 seen);
 * with one program beside it on each core they are 1.7 to 2, with three on two cores up to 3.5. Below
 * it the undisturbed times were within 3 % of those of a quiet machine, above it up to 40 % too long.
 */
const STRETCHED = 1.5;

/**
 * Whether what was measured in a moment holds for later ones too, and is worth keeping: what a busy
 * machine told would mislead every later choice, on a quiet one as well. The runs themselves tell it
 * best; the load, an average of a minute, is asked where they do not.
 */
export function isWorthKeeping({ stretch, load, drifted }: Moment): boolean {
  if (drifted) return false;
  return stretch === undefined ? !isBusy(load) : stretch <= STRETCHED;
}
