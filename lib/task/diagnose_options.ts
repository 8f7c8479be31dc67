import type { Dataset } from "../data/dataset.ts";
import type { Runtime, RuntimeChoice } from "../runtime/runtime.ts";
import type { Feeds } from "../tensor/tensor.ts";

/**
 * Options for {@linkcode diagnose}.
 * @category Measuring (advanced)
 */
export interface DiagnoseOptions extends RuntimeChoice {
  /** What the network is fed; times hold for the shapes of the first. @default {none} */
  samples?: Dataset | readonly Feeds[];
  /**
   * What to feed it where there are no samples.
   * @default {floats between 0 and 1, zeros for integers; a first axis that is open is 1}
   */
  input?: Feeds;
  /** Rounds in which the file and its float32 forms take turns. @default {15} */
  rounds?: number;
  /** Workers to measure in. @default {one of its own} */
  runtime?: Runtime;
  /** Threads of the runtime, if there is no runtime. @default {1} */
  threads?: number;
  /** Called with what is being done. */
  onProgress?: (step: string) => void;
  /** Ends the work early: the promise is then rejected with the signal's reason. */
  signal?: AbortSignal;
}
