import { minMax, type Observer } from "../calibrate/observers.ts";

/** How one node is to be computed. PyTorch's `qconfig = None` is {@linkcode float32}. */
export type QConfig = Float32 | StaticInt8 | DynamicInt8 | WeightOnly;

/** Left as it is. */
export interface Float32 {
  readonly kind: "float32";
}

/** uint8 activations with ranges from calibration, int8 weights, int32 bias. */
export interface StaticInt8 {
  readonly kind: "static";
  /** Chooses the range of each activation. */
  readonly activation: Observer;
  readonly weight: WeightObserver;
  /**
   * `fast` leaves operators whose int8 kernel is slower than float32's (depthwise Conv, lone pools,
   * Softmax, Conv3d over few channels) in float32; `any` quantizes whatever has an int8 kernel.
   */
  readonly kernels: "fast" | "any";
}

/** uint8 activations with ranges found at run time, int8 weights. */
export interface DynamicInt8 {
  readonly kind: "dynamic";
  readonly weight: WeightObserver;
}

/** Small in the file, float32 in the kernel: int8 weights that the runtime expands when it loads. */
export interface WeightOnly {
  readonly kind: "weightOnly";
  readonly bits: 8;
  readonly weight: WeightObserver;
}

/** One scale for the whole of a weight, or one for each output channel. */
export interface WeightObserver {
  readonly name: string;
  readonly granularity: "tensor" | "channel";
}

/** A scale for each output channel: costs the kernels nothing, gains some dB. */
export const perChannel: WeightObserver = { name: "per-channel", granularity: "channel" };

/** One scale for all of a weight. */
export const perTensor: WeightObserver = { name: "per-tensor", granularity: "tensor" };

/** Leaves a node in float32. */
export const float32: Float32 = { kind: "float32" };

/** Options of {@linkcode staticInt8}. */
export interface StaticInt8Options {
  /** An observer, or what makes one. @default {minMax} */
  activation?: Observer | (() => Observer);
  /** @default {perChannel} */
  weight?: WeightObserver;
  /** @default {"fast"} */
  kernels?: "fast" | "any";
}

/**
 * uint8 activations with ranges from calibration and int8 weights. Activations are unsigned because
 * the WASM kernels run int8 activations 3 to 5 times slower than float32.
 *
 * @example
 * ```ts
 * import { perTensor, staticInt8 } from "./qconfig.ts";
 * import { percentile } from "../calibrate/observers.ts";
 * import assert from "node:assert/strict";
 * const qconfig = staticInt8({ activation: percentile(99.9), weight: perTensor });
 * assert.equal(qconfig.activation.name, "percentile 99.9");
 * ```
 */
export function staticInt8(options: StaticInt8Options = {}): StaticInt8 {
  const { activation = minMax, weight = perChannel, kernels = "fast" } = options;
  const observer = typeof activation === "function" ? activation() : activation;
  return { kind: "static", activation: observer, weight, kernels };
}

/** uint8 activations with ranges found at run time, int8 weights. No calibration is needed. */
export function dynamicInt8(options: { weight?: WeightObserver } = {}): DynamicInt8 {
  const { weight = perChannel } = options;
  return { kind: "dynamic", weight };
}

/**
 * Weights stored as int8, computed in float32: a quarter of the file at float32's speed, for any
 * operator with weights, GRU and LSTM included.
 */
export function weightOnly(options: { bits?: 8; weight?: WeightObserver } = {}): WeightOnly {
  const { bits = 8, weight = perChannel } = options;
  return { kind: "weightOnly", bits, weight };
}

/** A qconfig in words, e.g. `static (percentile 99.99, per-channel)`. */
export function describeQConfig(qconfig: QConfig): string {
  switch (qconfig.kind) {
    case "float32":
      return "float32";
    case "static": {
      const any = qconfig.kernels === "any" ? ", any kernel" : "";
      return `static (${qconfig.activation.name}, ${qconfig.weight.name}${any})`;
    }
    case "dynamic":
      return `dynamic (${qconfig.weight.name})`;
    case "weightOnly":
      return `weightOnly (int${qconfig.bits}, ${qconfig.weight.name})`;
  }
}
