import { roundEven } from "../tensor/round.ts";
import { elementCount } from "../tensor/tensor.ts";
import { symmetricParams } from "./affine.ts";
import { largestMagnitude } from "./weight_clip.ts";

/** Integer weights and what they stand for. */
export interface QuantizedWeights {
  /** In the shape of the weights. */
  readonly values: Int8Array;
  /** One scale for each slice along the channel axes, or a single one. */
  readonly scales: Float32Array;
  /** Shape of the scales with 1 for every other axis, so that they broadcast; [] for a single one. */
  readonly scaleDims: readonly number[];
}

/** Options for {@linkcode quantizeWeights}. */
export interface QuantizeWeightsOptions {
  /** Lower bound for the scale of each channel, see {@linkcode biasScaleFloor}. @default {none} */
  leastScale?: Float32Array;
  /**
   * Chooses, of the weights that share a scale, the magnitude which 127 stands for; larger ones are
   * clipped. @default {the largest}
   */
  clip?: (weights: Float32Array) => number;
}

/**
 * Quantizes weights to int8 in [-127, 127], symmetric about 0.
 *
 * @param weights Row-major, of shape `dims`.
 * @param axes Axes with a scale for each index, in order; [] for one scale in all.
 * @example Two rows, a scale each
 * ```ts
 * import { quantizeWeights } from "./weights.ts";
 * import assert from "node:assert/strict";
 * const { values, scales } = quantizeWeights(Float32Array.of(1, -2, 127, 63.5), [2, 2], [0]);
 * assert.deepEqual([...values], [64, -127, 127, 64]);
 * assert.deepEqual([...scales], [Math.fround(2 / 127), 1]);
 * ```
 */
export function quantizeWeights(
  weights: Float32Array,
  dims: readonly number[],
  axes: readonly number[],
  options: QuantizeWeightsOptions = {},
): QuantizedWeights {
  const { leastScale, clip = largestMagnitude } = options;
  const scaleDims = axes.length === 0 ? [] : dims.map((dim, i) => axes.includes(i) ? dim : 1);
  const channels = elementCount(scaleDims);
  const channelOf = channelIndex(dims, axes);
  const scales = Float32Array.from(byChannel(weights, channels, channelOf), (own, c) => {
    const max = clip(own);
    return Math.max(symmetricParams({ min: -max, max }).scale, leastScale?.[c] ?? 0);
  });
  const values = new Int8Array(weights.length);
  for (let i = 0; i < weights.length; i++) {
    const q = roundEven(weights[i]! / scales[channelOf(i)]!);
    values[i] = Math.min(Math.max(q, -127), 127);
  }
  return { values, scales, scaleDims };
}

/** The weights of each channel, one after the other. */
function byChannel(
  weights: Float32Array,
  channels: number,
  channelOf: (i: number) => number,
): Float32Array[] {
  if (channels === 1) return [weights];
  const length = weights.length / channels;
  const grouped = Array.from({ length: channels }, () => new Float32Array(length));
  const filled = new Uint32Array(channels);
  for (let i = 0; i < weights.length; i++) {
    const c = channelOf(i);
    grouped[c]![filled[c]!++] = weights[i]!;
  }
  return grouped;
}

/** Which scale the element at a flat index has. */
function channelIndex(dims: readonly number[], axes: readonly number[]): (i: number) => number {
  if (axes.length === 0) return () => 0;
  const strides = dims.map((_, i) => elementCount(dims.slice(i + 1)));
  if (axes.length === 1) {
    const [axis] = axes as [number];
    const stride = strides[axis]!;
    const length = dims[axis]!;
    return (i) => Math.floor(i / stride) % length;
  }
  return (i) => {
    let channel = 0;
    for (const axis of axes) {
      channel = channel * dims[axis]! + Math.floor(i / strides[axis]!) % dims[axis]!;
    }
    return channel;
  };
}

/** Largest int32 that a bias may take, with room for the sums of products above it. */
const BIAS_REACH = 2 ** 30;

/**
 * The least weight scale for which a bias fits into int32 under the scale `input * weight`: tiny
 * weight scales beside a large bias would overflow it.
 *
 * @see onnxruntime.quantization, the adjustment of weight scales for an int32 bias
 */
export function biasScaleFloor(bias: Float32Array, inputScale: number): Float32Array {
  return Float32Array.from(bias, (b) => Math.abs(b) / (BIAS_REACH * inputScale));
}

/**
 * Quantizes a bias to int32 with the scale of the products it is added to.
 *
 * @param scales The weights' scales: one, or one for each element of the bias.
 * @returns Integers and, for each, the scale `inputScale * scales[i]`.
 */
export function quantizeBias(
  bias: Float32Array,
  inputScale: number,
  scales: Float32Array,
): { values: Int32Array; scales: Float32Array } {
  const products = scales.map((scale) => Math.fround(inputScale) * scale);
  const values = Int32Array.from(bias, (b, i) => {
    const q = roundEven(b / products[products.length === 1 ? 0 : i]!);
    return Math.min(Math.max(q, -(2 ** 31)), 2 ** 31 - 1);
  });
  return { values, scales: products };
}
