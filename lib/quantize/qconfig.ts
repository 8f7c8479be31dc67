import { lpNorm } from "../calibrate/least_error.ts";
import type { Observer } from "../calibrate/observers.ts";
import { UserError } from "../errors.ts";
import type { OutlierColumns } from "../record/recipe.ts";
import { leastErrorClip } from "./weight_clip.ts";

/**
 * How one node is to be computed. PyTorch's `qconfig = None` is {@linkcode float32}.
 * @category QConfigs
 */
export type QConfig = Float32 | StaticInt8 | DynamicInt8 | WeightOnly;

/**
 * Left as it is.
 * @category QConfigs (advanced)
 */
export interface Float32 {
  /** Tells it from the other qconfigs. */
  readonly kind: "float32";
}

/**
 * Integer type of activations.
 * @category QConfigs (advanced)
 */
export type ActivationType = "uint8" | "int8";

/**
 * Activations with ranges from calibration, 8-bit weights, int32 bias.
 * @category QConfigs (advanced)
 */
export interface StaticInt8 {
  /** Tells it from the other qconfigs. */
  readonly kind: "static";
  /** int8 runs 5 to 9 times slower than uint8 on WASM, and often falls back to float32 in silence. */
  readonly dtype: ActivationType;
  /**
   * `symmetric` has 0 in the middle, whatever the range. Not behind a Relu or Clip that a kernel takes
   * in: there 0 is at the end, or the runtime would compute in float32.
   */
  readonly scheme: "affine" | "symmetric";
  /**
   * Half of the integers, for processors whose sums saturate; WASM's do not. Behind a Clip with an
   * upper bound all are used, since it is the end of the type that clips.
   */
  readonly reduceRange: boolean;
  /** Chooses the range of each activation. */
  readonly activation: Observer;
  /** Chooses the scales of the weights. */
  readonly weight: WeightObserver;
  /**
   * `fast` leaves operators whose int8 kernel is slower than float32's (depthwise Conv, lone pools,
   * Softmax, Conv3d over few channels) in float32; `any` quantizes whatever has an int8 kernel.
   */
  readonly kernels: "fast" | "any";
  /** What a node becomes that has weights and cannot, or had better not, be static. */
  readonly otherwise: Float32 | DynamicInt8 | WeightOnly;
}

/**
 * uint8 activations with ranges found at run time, int8 weights.
 * @category QConfigs (advanced)
 */
export interface DynamicInt8 {
  /** Tells it from the other qconfigs. */
  readonly kind: "dynamic";
  /** Chooses the scales of the weights. */
  readonly weight: WeightObserver;
  /** What a node becomes that has weights and cannot be dynamic. */
  readonly otherwise: Float32 | WeightOnly;
  /**
   * Columns of what a MatMul or Gemm by a matrix reads that stay float32; those of one node. {@linkcode splitOutliers} finds
   * them. @default {none}
   */
  readonly outliers?: OutlierColumns;
}

/**
 * Small in the file, float32 in the kernel: the runtime expands the weights when it loads, and the rows of
 * a large table when it reads them.
 * @category QConfigs (advanced)
 */
export interface WeightOnly {
  /** Tells it from the other qconfigs. */
  readonly kind: "weightOnly";
  /** 8: int8, a quarter of the file. 4: int4 in blocks, an eighth. 16: float16, a half. */
  readonly bits: 4 | 8 | 16;
  /** Scales of int8 weights; int4 has one for each block. */
  readonly weight: WeightObserver;
  /** Weights that share a scale, for int4. */
  readonly blockSize: number;
}

/**
 * One scale for the whole of a weight, or one for each output channel, and how it is chosen.
 *
 * @example
 * ```ts
 * import { dynamicInt8, perChannelMse, perTensor, perTensorAffine, staticInt8 } from "octavo";
 * import { perChannel, perTensorMse } from "octavo";
 * import assert from "node:assert/strict";
 *
 * // The default; one that clips where that lowers the error; and as few scales as there can be.
 * for (const weight of [perChannel, perChannelMse, perTensorMse, perTensor]) {
 *   assert.equal(staticInt8({ weight }).weight, weight);
 * }
 * assert.equal(dynamicInt8({ weight: perTensorAffine }).weight.name, "per-tensor-affine");
 * ```
 * @category QConfigs
 */
export interface WeightObserver {
  /** Names granularity and clip; part of a trial's key. */
  readonly name: string;
  /** One scale for all of a weight, or one for each output channel. */
  readonly granularity: "tensor" | "channel";
  /**
   * `symmetric` weights are int8 with 0 for 0. `affine` ones are uint8, spread from the smallest weight
   * to the largest, with one scale for the whole: kernels take one zero point.
   * @default {"symmetric"}
   */
  readonly scheme?: "symmetric" | "affine";
  /**
   * Chooses, of the weights that share a scale, the largest magnitude to keep; larger ones are
   * clipped. int4 in blocks clips nothing. @default {the largest there is}
   */
  readonly clip?: (weights: Float32Array) => number;
  /**
   * One scale for all where a scale for each channel would gain less accuracy than its bytes are worth:
   * in tables and matrices of few columns. @default {false}
   */
  readonly sparing?: boolean;
}

/**
 * A scale for each output channel: costs the kernels nothing, gains some dB.
 * @category QConfigs
 */
export const perChannel: WeightObserver = { name: "per-channel", granularity: "channel" };

/**
 * One scale for all of a weight.
 * @category QConfigs
 */
export const perTensor: WeightObserver = { name: "per-tensor", granularity: "tensor" };

/** A scale for each output channel of the weights where that is worth its bytes in the file. */
export const perChannelSparing: WeightObserver = {
  name: "per-channel where it pays",
  granularity: "channel",
  sparing: true,
};

/**
 * One scale and zero point for all of a weight, uint8: for weights that are not centred on 0.
 * @category QConfigs
 */
export const perTensorAffine: WeightObserver = {
  name: "per-tensor-affine",
  granularity: "tensor",
  scheme: "affine",
};

/**
 * A scale for each output channel, with the least squared error: large weights are clipped, down to
 * 0.3 of the largest, where that lets the others be rounded more finely by as much.
 * @category QConfigs
 */
export const perChannelMse: WeightObserver = {
  name: "per-channel-mse",
  granularity: "channel",
  clip: leastErrorClip,
};

/**
 * One scale for all of a weight, with the least squared error: large weights are clipped, down to
 * 0.3 of the largest, where that lets the others be rounded more finely by as much.
 * @category QConfigs
 */
export const perTensorMse: WeightObserver = {
  name: "per-tensor-mse",
  granularity: "tensor",
  clip: leastErrorClip,
};

/**
 * Leaves a node in float32.
 * @category QConfigs
 */
export const float32: Float32 = { kind: "float32" };

/**
 * Options of {@linkcode staticInt8}.
 * @category QConfigs
 */
export interface StaticInt8Options {
  /**
   * An observer, or what makes one. The default was the only one that on none of 12 networks came out
   * below min-max by more than its 95 % interval. @default {lpNorm}
   */
  activation?: Observer | (() => Observer);
  /** Chooses the scales of the weights. @default {perChannel} */
  weight?: WeightObserver;
  /**
   * Only int8 kernels that are faster than float32's, or any: see {@linkcode StaticInt8.kernels}.
   * @default {"fast"}
   */
  kernels?: "fast" | "any";
  /** Type of activations. @default {"uint8"} */
  dtype?: ActivationType;
  /** Where the zero point lies: see {@linkcode StaticInt8.scheme}. @default {"affine"} */
  scheme?: "affine" | "symmetric";
  /** Half of the integers: see {@linkcode StaticInt8.reduceRange}. @default {false} */
  reduceRange?: boolean;
  /**
   * What a node becomes that has weights and cannot, or had better not, be static: `weightOnly()`
   * makes GRU, ConvTranspose and depthwise Conv small too, at float32's speed. @default {float32}
   */
  otherwise?: Float32 | DynamicInt8 | WeightOnly;
}

/**
 * uint8 activations with ranges from calibration and int8 weights. Activations are unsigned because
 * the WASM kernels run int8 activations 3 to 5 times slower than float32.
 *
 * @example
 * ```ts
 * import { percentile, perTensor, staticInt8 } from "octavo";
 * import assert from "node:assert/strict";
 * const qconfig = staticInt8({ activation: percentile(99.9), weight: perTensor });
 * assert.equal(qconfig.activation.name, "percentile 99.9");
 * ```
 * @throws {UserError} If no kernel takes such activations and weights.
 * @category QConfigs
 */
export function staticInt8(options: StaticInt8Options = {}): StaticInt8 {
  const { activation = lpNorm, weight = perChannel, kernels = "fast", otherwise = float32 } =
    options;
  // Kernel facts s8-activations, scales-of-channels.
  const { dtype = "uint8", scheme = "affine", reduceRange = false } = options;
  requireKernels(weight);
  if (dtype === "int8" && weight.scheme === "affine") {
    throw new UserError(
      `Cannot make a static qconfig of int8 activations and uint8 weights: there is no such kernel; ` +
        `take uint8 activations, or symmetric weights`,
    );
  }
  const observer = typeof activation === "function" ? activation() : activation;
  return {
    ...{ kind: "static", activation: observer, weight, kernels, otherwise },
    ...{ dtype, scheme, reduceRange },
  };
}

/**
 * Options of {@linkcode dynamicInt8}.
 * @category QConfigs (advanced)
 */
export interface DynamicInt8Options {
  /** Chooses the scales of the weights. @default {perChannel} */
  weight?: WeightObserver;
  /** What a node becomes that has weights and cannot be dynamic. @default {float32} */
  otherwise?: Float32 | WeightOnly;
  /** Columns that stay float32: see {@linkcode DynamicInt8.outliers}. @default {none} */
  outliers?: OutlierColumns;
}

/**
 * uint8 activations with ranges found at run time, int8 weights. No calibration is needed.
 *
 * @throws {UserError} If no kernel takes such weights.
 * @example
 * ```ts
 * import { convert, dynamicInt8, qconfigMapping } from "octavo";
 * import { parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const model = parseModel(`
 *   input x float32[N, 64]
 *   output y float32[N, 64]
 *   tensor w float32[64, 64] = [${Array(64 * 64).fill("0.5")}]
 *   y = MatMul(x, w)`);
 * const int8 = convert(model, qconfigMapping({ default: dynamicInt8() }));
 * assert.equal(int8.plan.rows[0]!.asked, "dynamic");
 * ```
 * @category QConfigs
 */
export function dynamicInt8(options: DynamicInt8Options = {}): DynamicInt8 {
  const { weight = perChannel, otherwise = float32, outliers } = options;
  requireKernels(weight);
  return { kind: "dynamic", weight, otherwise, ...(outliers && { outliers }) };
}

/**
 * Options of {@linkcode weightOnly}.
 * @category QConfigs (advanced)
 */
export interface WeightOnlyOptions {
  /**
   * 8: int8, a quarter of the file. 4: int4 in blocks, an eighth. 16: float16, a half.
   * @default {8}
   */
  bits?: 4 | 8 | 16;
  /** Scales of int8 weights. @default {perChannel} */
  weight?: WeightObserver;
  /** Weights that share a scale, for int4. @default {32} */
  blockSize?: number;
}

/**
 * Weights stored as int8 (or int4, float16), computed in float32: a quarter (an eighth, a half) of
 * the file at float32's speed, for any operator with weights, GRU and LSTM included. int4 needs
 * opset 21, to which the model is raised. A large table of which a Gather reads rows stays int8 in memory,
 * too: only the rows that are read are expanded.
 *
 * @throws {UserError} If the weights are to have a zero point for each channel.
 * @throws {RangeError} If the size of blocks is no whole number above 0.
 * @example
 * ```ts
 * import { convert, weightOnly, qconfigMapping } from "octavo";
 * import { parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const model = parseModel(`
 *   input x float32[N, 64]
 *   output y float32[N, 64]
 *   tensor w float32[64, 64] = [${Array(64 * 64).fill("0.5")}]
 *   y = MatMul(x, w)`);
 * const int8 = convert(model, qconfigMapping({ default: weightOnly({ bits: 4 }) }));
 * assert.equal(int8.plan.rows[0]!.asked, "weightOnly");
 * ```
 * @category QConfigs
 */
export function weightOnly(options: WeightOnlyOptions = {}): WeightOnly {
  const { bits = 8, weight = perChannel, blockSize = 32 } = options;
  requireKernels(weight);
  if (!Number.isInteger(blockSize) || blockSize < 1) {
    throw new RangeError(
      `Blocks of ${blockSize} weights cannot be: expected a whole number above 0`,
    );
  }
  return { kind: "weightOnly", bits, weight, blockSize };
}

/** Kernels have one zero point for all channels of a weight, or none. */
function requireKernels({ name, granularity, scheme }: WeightObserver): void {
  if (granularity !== "channel" || scheme !== "affine") return;
  throw new UserError(
    `Cannot quantize weights ${name}: kernels take one zero point for all channels; ` +
      `take perTensorAffine, or symmetric weights per channel`,
  );
}

/** A qconfig in words, e.g. `static (percentile 99.99, per-channel)`. */
export function describeQConfig(qconfig: QConfig): string {
  switch (qconfig.kind) {
    case "float32":
      return "float32";
    case "static":
      return `static (${describeStatic(qconfig)})`;
    case "dynamic":
      return `dynamic (${[qconfig.weight.name, ...describeOtherwise(qconfig)].join(", ")})`;
    case "weightOnly":
      return `weightOnly (${describeWeights(qconfig)})`;
  }
}

function describeWeights({ bits, weight, blockSize }: WeightOnly): string {
  if (bits === 16) return "float16";
  return bits === 8 ? `int8, ${weight.name}` : `int4, blocks of ${blockSize}`;
}

/** What differs from the defaults is said, what does not is not. */
function describeStatic(qconfig: StaticInt8): string {
  const { activation, weight, kernels, dtype, scheme, reduceRange } = qconfig;
  const parts = [activation.name, weight.name];
  if (dtype !== "uint8") parts.push(dtype);
  if (scheme !== "affine") parts.push(scheme);
  if (reduceRange) parts.push("reduced range");
  if (kernels === "any") parts.push("any kernel");
  return [...parts, ...describeOtherwise(qconfig)].join(", ");
}

function describeOtherwise({ otherwise }: StaticInt8 | DynamicInt8): string[] {
  return otherwise.kind === "float32" ? [] : [`else ${describeQConfig(otherwise)}`];
}
