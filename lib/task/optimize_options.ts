import type { KernelTimer } from "../cost/kernel_times.ts";
import type { FileFormat } from "../quantize/as_executed.ts";
import type { Runtime, RuntimeChoice } from "../runtime/runtime.ts";

/**
 * Options for `optimize()`.
 * @category Measuring
 */
export interface OptimizeOptions extends RuntimeChoice {
  /**
   * `fastest` takes whatever form of each node makes the whole fastest, int8 among them, and leaves
   * accuracy aside; `exact` leaves out int8 and whatever else is not float32's numbers, up to the order
   * of sums. `float32` is another word for `exact`.
   * @default {"fastest"}
   */
  qconfig?: "fastest" | "exact" | "float32";
  /** Stores the weights of what stays float32 as int8, if int8 is allowed at all. @default {true} */
  smallWeights?: boolean;
  /** Samples to find ranges with, at most. @default {100} */
  calibration?: number;
  /**
   * Layers, by the name of a node or a module path, of which all that was considered is told: see
   * {@linkcode Optimized.why}. @default {none}
   */
  why?: readonly string[];
  /** How int8 is written, see {@linkcode asExecuted}. @default {"operators"} */
  format?: FileFormat;
  /** Where measured times are kept for the next time; false: nowhere. @default {the user's cache folder} */
  cache?: string | false;
  /** Measures kept times again, and keeps those in their place. @default {false} */
  fresh?: boolean;
  /** Workers to measure in. @default {one of its own} */
  runtime?: Runtime;
  /** Threads of the runtime, if there is no runtime. @default {1} */
  threads?: number;
  /** Rounds of the measurement at the end. @default {15} */
  rounds?: number;
  /**
   * Workers per model in which it is measured what a page waits for at its first visit: half a second
   * each. 0 leaves it out. @default {3}
   */
  coldRounds?: number;
  /**
   * Largest accepted ratio of the time to create a session to that of the model as given. What takes
   * longer beyond doubt is not chosen; Infinity accepts any. @default {2}
   */
  maxCreate?: number;
  /**
   * Largest accepted ratio of the WASM heap to that of the model as given, both with what the runtime
   * itself takes of it, some 17 MB. Infinity accepts any. @default {2}
   */
  maxHeap?: number;
  /**
   * What times the forms of nodes, where tests need a clock of their own.
   * @default {the runtime's own clock}
   * @ignore
   */
  kernelTimer?: KernelTimer;
  /** Ends the work early: the promise is then rejected with the signal's reason. */
  signal?: AbortSignal;
  /** Called with what is being done. */
  onProgress?: (step: string) => void;
}
