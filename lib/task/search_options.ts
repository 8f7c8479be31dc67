import type { KernelTimer } from "../cost/kernel_times.ts";
import type { StudyOptions } from "./study_options.ts";

/**
 * Options for `search()`.
 * @category Studies
 */
export interface SearchOptions extends Omit<StudyOptions, "config"> {
  /** Most minutes to spend. @default {10} */
  minutes?: number;
  /** Samples that the noise of layers is measured on, at most. @default {8} */
  noiseSamples?: number;
  /** Where measured times of kernels are kept for the next time; false: nowhere. @default {the user's cache folder} */
  cache?: string | false;
  /**
   * What times the forms of kernels, where tests need a clock of their own.
   * @default {the runtime's own clock}
   * @ignore
   */
  kernelTimer?: KernelTimer;
}
