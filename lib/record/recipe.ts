import type { PartSelector } from "./part_name.ts";

/**
 * What a trial is, as data: the same recipe on the same network and samples gives the same bytes, on
 * every machine. Text for people is made of it at the edge, see `recipe_name.ts`; no code reads one back.
 */

/**
 * An observer by name, with what it is told beside that; what is left out has the observer's default.
 * @category Records (advanced)
 */
export interface ObserverSpec {
  /** e.g. `min-max`, `percentile`, `lp-norm`, `entropy`. */
  name: string;
  /** Share of the values to keep, in per cent; of `percentile` alone. */
  percentile?: number;
  /** Power of the errors that are added up; of `lp-norm` alone. */
  power?: number;
  /** Most bins of the histogram that is looked at. */
  bins?: number;
}

/**
 * Columns of what a product reads that stay float32, since they would widen the range of all.
 * @category Records (advanced)
 */
export interface OutlierColumns {
  /** Their numbers, in order. */
  columns: number[];
  /** By how much the range of the others is narrower than that of all, dB. */
  dB: number;
}

/**
 * How a node is computed or stored, as a recipe says it.
 * @category Records (advanced)
 */
export type NodeForm =
  | { kind: "float32" }
  | {
    kind: "static";
    observer?: ObserverSpec;
    weights?: string;
    /** `fast`: only where the kernel was measured to be faster than float32's. */
    kernels?: "fast" | "any";
  }
  | { kind: "dynamic"; weights?: string; outliers?: OutlierColumns }
  | { kind: "weightOnly"; bits?: 4 | 8 | 16; weights?: string };

/**
 * A Conv that is written as a matrix product, or a ConvTranspose that is written as Convs.
 * @category Records (advanced)
 */
export interface ConvProduct {
  /** Name of the Conv or ConvTranspose. */
  node: string;
  /**
   * How: `im2col` gathers the values that each output reads, `perPosition` has a matrix of its own for
   * each place, `perRow` one for each row, `dense` one matrix for the whole map. A ConvTranspose is a Conv for each of its `phases`, the
   * outputs that lie a whole number of strides apart.
   */
  form: "im2col" | "perPosition" | "perRow" | "dense" | "phases";
}

/**
 * How a Conv is written as Winograd's: `winograd 4x4` computes tiles of 4x4 outputs at a time, an axis along
 * which the kernel has one tap has 1: `winograd 4x1`. With `, integers` behind it, tiles are uint8 and weights
 * int8 where they are multiplied.
 *
 * @see {@link https://arxiv.org/abs/1509.09308 | Lavin and Gray 2015}
 * @category Records (advanced)
 */
export type WinogradForm = `winograd ${number}x${number}${"" | ", integers"}`;

/**
 * The exact float32 form of the network that a trial starts from.
 *
 * - `fused`: BatchNorm folded, constants computed.
 * - `lowered`: besides, Conv3d as Conv2d and convolutions on small maps as matrix products, where that
 *   is estimated to be faster.
 * - as measured: whether Conv3d and pools of frames are written as operators on single frames, and the
 *   Convs that are matrix products.
 * @category Records (advanced)
 */
export type ExactForm = "fused" | "lowered" | { frames: boolean; products: ConvProduct[] };

/**
 * What every kind of {@linkcode Recipe} says.
 * @category Records (advanced)
 */
export interface RecipeBase {
  /** The exact float32 form to start from. */
  base: ExactForm;
  /** Samples that its ranges come from, from the front of the calibration split. @default {all} */
  samples?: number;
  /** What is corrected before conversion, in this order. @default {nothing} */
  corrections?: string[];
  /**
   * What Convs of that form are written as where they are float32 otherwise, by name of the node. @default {none}
   */
  convs?: Record<string, WinogradForm>;
  /**
   * `fast`: operators that the runtime computes far slower than memory moves are written as others that
   * give the same numbers, at 100 dB or more. `approximate`: besides, Gelu by Erf is written by Tanh, which
   * is 74 dB or more from it. @default {they stay as they are}
   */
  operators?: "fast" | "approximate";
}

/**
 * A layer whose int8 kernel was measured to be slower than float32's.
 * @category Records (advanced)
 */
export interface SlowLayer {
  /** Names of the nodes that one kernel computes. */
  nodes: string[];
  /** Milliseconds of the int8 kernel alone. */
  int8Ms: number;
  /** Milliseconds of float32's, with changes of precision around it. */
  float32Ms: number;
}

/**
 * A built-in placement (`mixed`, `compact`, ...), with one observer and one kind of weights for all.
 * @category Records (advanced)
 */
export interface Configuration extends RecipeBase {
  /** Tells it from the other kinds of recipes. */
  kind: "configuration";
  /** Name of the placement. */
  placement: string;
  /** Absent where nothing is static. */
  observer?: ObserverSpec;
  /** Granularity of the weights' scales; absent where it makes no difference. */
  weights?: string;
  /**
   * Layers that are float32, with weights stored small, where the placement says static int8: as
   * measured before the first trial, so that the recipe means the same on every machine. @default {none}
   */
  slow?: SlowLayer[];
}

/**
 * A form for each node by name; the others stay float32.
 * @category Records (advanced)
 */
export interface Assignment extends RecipeBase {
  /** Tells it from the other kinds of recipes. */
  kind: "assignment";
  /** By name of the node. */
  forms: Record<string, NodeForm>;
  /** Tensors that are quantized where they come from. */
  int8Tensors: string[];
  /** Observers of single tensors, by name. */
  observers: Record<string, ObserverSpec>;
}

/**
 * A form, or the name of a preset.
 * @category Records (advanced)
 */
export type RuleForm = string | NodeForm;

/**
 * A user's own rules: a default, and what nodes by name, module path, glob or operator are to be.
 * @category Records (advanced)
 */
export interface RulesRecipe extends RecipeBase {
  /** Tells it from the other kinds of recipes. */
  kind: "mapping";
  /** What the user calls it. */
  name: string;
  /** What becomes of a node that no rule names. */
  default: RuleForm;
  /** Which nodes become something else; later rules win. */
  rules: [nodes: string | { op: string } | PartSelector, form: RuleForm][];
  /** What to do where a rule asks a node by name or operator for what has no kernel. @default {"error"} */
  onUnsupported?: "error" | "float32";
  /** What static forms take that name none. */
  observer?: ObserverSpec;
  /** Granularity of the weights' scales, of forms that name none. */
  weights?: string;
}

/**
 * Everything that makes a trial's model out of a network and its calibration samples: plain JSON.
 *
 * @example
 * ```ts
 * import type { Recipe } from "octavo";
 * import assert from "node:assert/strict";
 * const recipe: Recipe = { kind: "configuration", base: "fused", placement: "mixed" };
 * assert.deepEqual(JSON.parse(JSON.stringify(recipe)), recipe);
 * ```
 * @category Studies
 */
export type Recipe = Configuration | Assignment | RulesRecipe;
