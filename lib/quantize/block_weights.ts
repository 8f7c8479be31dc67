import { nearestStep } from "../tensor/round.ts";
import { elementCount } from "../tensor/tensor.ts";

/** Weights in blocks, each with a scale of its own. */
export interface BlockWeights {
  /** Integers in [-7, 7], of shape `dims`. */
  readonly values: Int8Array;
  /** [channels, blocks, blockSize], or [blocks, blockSize, channels] with channels last. */
  readonly dims: readonly number[];
  readonly scales: Float32Array;
  /** `dims` with 1 for the block size. */
  readonly scaleDims: readonly number[];
  /** Shape of the weights as a matrix, filled up to whole blocks. */
  readonly paddedDims: readonly [number, number];
  /** Axis of that matrix along which blocks run. */
  readonly axis: 0 | 1;
  /** Zeros behind the last weight along that axis. */
  readonly padding: number;
}

/**
 * Quantizes weights to 4 bits, [-7, 7], symmetric about 0 within blocks of neighbouring weights that
 * one output sums up: with so few steps a scale has to answer for few weights.
 *
 * @param dims Shape of the weights: channels first, or last for a matrix [k, n].
 * @see {@link https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html | DequantizeLinear},
 * blocked quantization
 * @example
 * ```ts
 * import { quantizeBlocks } from "./block_weights.ts";
 * import assert from "node:assert/strict";
 * const options = { channelsLast: false, blockSize: 2 };
 * const { values, scales } = quantizeBlocks(Float32Array.of(7, -1, 0.7, 0.3), [1, 4], options);
 * assert.deepEqual([...values], [7, -1, 7, 3]);
 * assert.deepEqual([...scales], [1, Math.fround(0.1)]);
 * ```
 */
export function quantizeBlocks(
  weights: Float32Array,
  dims: readonly number[],
  options: { channelsLast: boolean; blockSize: number },
): BlockWeights {
  const { channelsLast, blockSize } = options;
  const channels = channelsLast ? dims.at(-1)! : dims[0]!;
  const length = elementCount(dims) / channels; // weights that one channel has
  const blocks = Math.ceil(length / blockSize);
  const padded = blocks * blockSize;
  const values = new Int8Array(padded * channels);
  const scales = new Float32Array(blocks * channels);
  for (let c = 0; c < channels; c++) {
    const source = (k: number) => channelsLast ? k * channels + c : c * length + k;
    const target = (k: number) => channelsLast ? k * channels + c : c * padded + k;
    for (let b = 0; b < blocks; b++) {
      const [from, to] = [b * blockSize, Math.min((b + 1) * blockSize, length)];
      let reach = 0;
      for (let k = from; k < to; k++) reach = Math.max(reach, Math.abs(weights[source(k)]!));
      const scale = Math.fround(reach / 7) || 1;
      scales[channelsLast ? b * channels + c : c * blocks + b] = scale;
      for (let k = from; k < to; k++) {
        const q = nearestStep(weights[source(k)]!, scale);
        values[target(k)] = Math.min(Math.max(q, -7), 7);
      }
    }
  }
  return {
    values,
    dims: channelsLast ? [blocks, blockSize, channels] : [channels, blocks, blockSize],
    scales,
    scaleDims: channelsLast ? [blocks, 1, channels] : [channels, blocks, 1],
    paddedDims: channelsLast ? [padded, channels] : [channels, padded],
    axis: channelsLast ? 0 : 1,
    padding: padded - length,
  };
}
