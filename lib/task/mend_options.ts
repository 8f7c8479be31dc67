import type { Dataset } from "../data/dataset.ts";
import type { Feeds } from "../tensor/tensor.ts";
import type { OptimizeOptions } from "./optimize_options.ts";

/**
 * Options for {@linkcode mend}.
 * @category Measuring (advanced)
 */
export interface MendOptions
  extends Omit<OptimizeOptions, "qconfig" | "smallWeights" | "why" | "coldRounds"> {
  /**
   * What the network is fed. With them, layers may become int8 that the file has in float32, as `optimize()`
   * would, as long as the whole stays as close to float32 as the file is. @default {none}
   */
  samples?: Dataset | readonly Feeds[];
  /**
   * What to feed it where there are no samples: its shapes are those that the choice holds for. Floats whose
   * range the file knows, and integers that are all 0, are made up all the same.
   * @default {floats between 0 and 1, a first axis that is open is 1}
   */
  input?: Feeds;
}
