import type { Metric } from "../evaluate/metric.ts";
import type { QConfigMapping } from "../quantize/mapping.ts";
import type { Runtime, RuntimeChoice } from "../runtime/runtime.ts";
import type { AblationMode } from "../study/ablation_mode.ts";
import type { StudyPlace } from "../study/open_study.ts";
import type { Store } from "../study/store.ts";

/**
 * Options for `ablate()`.
 * @category Studies
 */
export interface AblateOptions extends RuntimeChoice {
  /** What int8 is: the form of each layer. @default {static int8 for all that can} */
  mapping?: QConfigMapping;
  /** A metric, or its name: `"sqnr"`. @default {top-1 with labels, else what suits the outputs} */
  metric?: Metric | string;
  /** What tells two metrics of one name apart. @default {the text of its scoring function} */
  metricSource?: string;
  /**
   * The exact float32 form of the network whose layers are ablated: `lowered` has its convolutions
   * rewritten for the runtime's WASM kernels. @default {"fused"}
   */
  base?: "fused" | "lowered";
  /** Joins layers by the first parts of their module path, so many. @default {each by itself} */
  depth?: number;
  /**
   * Joins the layers of each part of a transformer: `attention 0`, `feed-forward 0`, and so on.
   * @default {false}
   */
  parts?: boolean;
  /** Layers by name or module path, or by part: `attention 0`, and `attention` of all. @default {all} */
  layers?: readonly string[];
  /** Measures all layers int8 but each, too. @default {true} */
  allBut?: boolean;
  /** Measures the weights of each static layer alone, too. @default {false} */
  weights?: boolean;
  /** Measures the activations of each static layer alone, too. @default {false} */
  activations?: boolean;
  /** Number of the most sensitive layers that are measured in pairs; 0 for none. @default {4} */
  pairs?: number;
  /** Times the layers, where the runtime can be profiled. @default {true} */
  latency?: boolean;
  /** Number of samples, drawn at random, that every variant is run on; 4 or more. @default {16} */
  screening?: number;
  /**
   * Half the width of an interval that is narrow enough, in the metric's unit. Of metrics that are a
   * share all samples count. @default {1 dB; for others 1 % of float32's value}
   */
  resolution?: number;
  /** Seed of the draw, a whole number from 0. @default {0} */
  seed?: number;
  /** Folder for what was measured; the same ablation goes on from there. @default {none: in memory} */
  out?: string;
  /** Start over in a folder that holds a study. @default {false} */
  fresh?: boolean;
  /**
   * A store of your own for what was measured, in place of a file in `out`. It is left open.
   * @default {none}
   */
  store?: Store;
  /** Runs the networks, and stays open. @default {a runtime of its own} */
  runtime?: Runtime;
  /** Workers of its own runtime. @default {one for each core, 8 at most} */
  workers?: number;
  /** Title of the report. @default {the model's name} */
  title?: string;
  /** How to run it again, for the record. @default {"ablate()"} */
  command?: string;
  /** Ends the work early; what has been measured comes back. */
  signal?: AbortSignal;
}

/** Options with their defaults. */
export type AblateSettings = ReturnType<typeof withDefaults>;

/** Applies the defaults. */
export function withDefaults(options: AblateOptions) {
  const { base = "fused", pairs = 4, screening = 16, seed = 0 } = options;
  const { parts = false, allBut = true, weights = false, activations = false, latency = true } =
    options;
  return { ...options, base, pairs, screening, seed, parts, allBut, weights, activations, latency };
}

/** Where what is measured is kept. */
export function placeOf({ out, fresh, store }: AblateSettings): StudyPlace {
  return {
    ...(out !== undefined && { folder: out }),
    ...(fresh !== undefined && { fresh }),
    ...(store && { store }),
  };
}

/** How each layer is changed, in the order in which it is measured. */
export function modesOf({ weights, activations, allBut }: AblateSettings): AblationMode[] {
  return [
    "only",
    ...(weights ? ["weights" as const] : []),
    ...(activations ? ["activations" as const] : []),
    ...(allBut ? ["allBut" as const] : []),
  ];
}
