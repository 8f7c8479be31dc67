import type { SweepConfigInput } from "../config/sweep_config.ts";
import type { KernelTimer } from "../cost/kernel_times.ts";
import type { StudyOptions } from "./study_options.ts";

/**
 * Options for `sweep()`.
 * @category Studies
 */
export interface SweepOptions extends Omit<StudyOptions, "config" | "minutes"> {
  /** What to measure, and how it is judged. @default {every built-in placement, and a few variants} */
  config?: SweepConfigInput;
  /** Where measured times of kernels are kept for the next time; false: nowhere. @default {the user's cache folder} */
  cache?: string | false;
  /**
   * What times the kernels, where tests need a clock of their own.
   * @default {the runtime's own clock}
   * @ignore
   */
  kernelTimer?: KernelTimer;
}
