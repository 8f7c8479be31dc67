import { nearestStep } from "../tensor/round.ts";
import { elementCount } from "../tensor/tensor.ts";
import { type AffineParams, affineParams, INT8, symmetricParams, UINT8 } from "./affine.ts";
import { largestMagnitude } from "./weight_clip.ts";

/** Integer weights and what they stand for. */
export interface QuantizedWeights {
  /** int8 for symmetric weights, uint8 for affine ones. */
  readonly type: "int8" | "uint8";
  /** In the shape of the weights. */
  readonly values: Int8Array | Uint8Array;
  /** One scale for each slice along the channel axes, or a single one. */
  readonly scales: Float32Array;
  /** The integer that stands for 0, one for each scale; 0 for symmetric weights. */
  readonly zeroPoints: Int8Array | Uint8Array;
  /** Shape of the scales with 1 for every other axis, so that they broadcast; [] for a single one. */
  readonly scaleDims: readonly number[];
}

/** Options for {@linkcode quantizeWeights}. */
export interface QuantizeWeightsOptions {
  /**
   * `symmetric` is int8 in [-127, 127] with 0 for 0; `affine` is uint8, spread from the smallest
   * weight to the largest. @default {"symmetric"}
   */
  scheme?: "symmetric" | "affine";
  /** Lower bound for the scale of each channel, see {@linkcode biasScaleFloor}. @default {none} */
  leastScale?: Float32Array;
  /**
   * Chooses, of the weights that share a scale, the largest magnitude to keep; larger ones are
   * clipped. @default {the largest}
   */
  clip?: (weights: Float32Array) => number;
  /** One scale for all where more would not be worth their bytes. @default {false} */
  sparing?: boolean;
}

/**
 * Quantizes weights to 8 bits.
 *
 * @param weights Row-major, of shape `dims`; finite.
 * @param axes Axes with a scale for each index, neighbours in order; [] for one scale in all.
 * @throws {RangeError} If a weight is NaN or infinite.
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
  const { scheme = "symmetric", leastScale, clip, sparing = false } = options;
  const scaleDims = axes.length === 0 ? [] : dims.map((dim, i) => axes.includes(i) ? dim : 1);
  const channels = elementCount(scaleDims);
  const run = elementCount(dims.slice((axes.at(-1) ?? -1) + 1)); // neighbours with one scale
  const own = byChannel(weights, channels, run);
  if (sparing && channels > 1 && !areWorthScales(own)) {
    return quantizeWeights(weights, dims, [], options);
  }
  const choose = scheme === "affine" ? affineOf : symmetricOf;
  const params = own.map((own, c) => choose(own, leastScale?.[c] ?? 0, clip));
  const { qmin, qmax } = scheme === "affine" ? UINT8 : INT8;
  const integers = scheme === "affine" ? Uint8Array : Int8Array;
  const values = new integers(weights.length);
  for (let start = 0, c = 0; start < weights.length; start += run, c = (c + 1) % channels) {
    const { scale, zeroPoint } = params[c]!;
    for (let i = start; i < start + run; i++) {
      const q = nearestStep(weights[i]!, scale) + zeroPoint;
      values[i] = q < qmin ? qmin : q > qmax ? qmax : q;
    }
  }
  return {
    type: scheme === "affine" ? "uint8" : "int8",
    values,
    scales: Float32Array.from(params, ({ scale }) => scale),
    zeroPoints: integers.from(params.map(({ zeroPoint }) => zeroPoint)),
    scaleDims,
  };
}

/** Gain of a scale for each channel, dB, that is worth any bytes: one scale would cost a bit and a half. */
const ALWAYS_WORTH = 9;

/**
 * Whether channels gain enough by a scale for each. A bit more in every weight would gain 6.02 dB, and a
 * scale costs 32 bits: it has to bring half as much again as these would, in the mean over the channels
 * that hold anything.
 */
function areWorthScales(channels: readonly Float32Array[]): boolean {
  const magnitudes = channels.map((own) => largestMagnitude(own)).filter((max) => max > 0);
  const most = magnitudes.reduce((a, b) => Math.max(a, b), 0);
  const gain = magnitudes.reduce((sum, max) => sum + 20 * Math.log10(most / max), 0);
  const worth = 1.5 * 6.02 * 32 / channels[0]!.length;
  return gain / magnitudes.length > Math.min(worth, ALWAYS_WORTH);
}

type Clip = QuantizeWeightsOptions["clip"];

function symmetricOf(
  own: Float32Array,
  leastScale: number,
  clip: Clip = largestMagnitude,
): AffineParams {
  const max = clip(own);
  return { scale: Math.max(symmetricParams({ min: -max, max }).scale, leastScale), zeroPoint: 0 };
}

function affineOf(own: Float32Array, leastScale: number, clip?: Clip): AffineParams {
  const reach = clip?.(own) ?? Infinity;
  let min = 0;
  let max = 0;
  for (let i = 0; i < own.length; i++) {
    min = Math.min(min, own[i]!);
    max = Math.max(max, own[i]!);
  }
  const atLeast = leastScale * (UINT8.qmax - UINT8.qmin);
  const params = affineParams({ min: Math.max(min, -reach), max: Math.min(max, reach) });
  return params.scale >= leastScale
    ? params
    : affineParams({ min, max: Math.max(max, min + atLeast) });
}

/** The weights of each channel, one after the other. */
function byChannel(weights: Float32Array, channels: number, run: number): Float32Array[] {
  if (channels * run === weights.length) {
    return Array.from({ length: channels }, (_, c) => weights.subarray(c * run, (c + 1) * run));
  }
  const length = weights.length / channels;
  const grouped = Array.from({ length: channels }, () => new Float32Array(length));
  let from = 0;
  for (let filled = 0; filled < length; filled += run) {
    for (let c = 0; c < channels; c++) {
      const own = grouped[c]!;
      for (let i = 0; i < run; i++) own[filled + i] = weights[from++]!;
    }
  }
  return grouped;
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
    const q = nearestStep(b, products[products.length === 1 ? 0 : i]!);
    return Math.min(Math.max(q, -(2 ** 31)), 2 ** 31 - 1);
  });
  return { values, scales: products };
}
