import { elementCount } from "../tensor/tensor.ts";

/**
 * What calibration remembers of each channel of a tensor, where it was asked to.
 * @category Observers (advanced)
 */
export interface ChannelStatistics {
  /** Values seen of each channel. */
  readonly count: number;
  /** Smallest value of each channel. */
  readonly min: Float64Array;
  /** Largest value of each channel. */
  readonly max: Float64Array;
  /** Sum over the values of each channel. */
  readonly sum: Float64Array;
}

/**
 * Where the channels of a tensor are.
 * @category Observers (advanced)
 */
export interface ChannelLayout {
  /** Shape of the tensor. */
  readonly dims: readonly number[];
  /** Axis of the channels; negative counts from the end, as in ONNX. */
  readonly axis: number;
}

/**
 * Adds the values of one sample, channel by channel.
 *
 * @param statistics What was seen so far, which is no longer valid after; undefined for nothing.
 * @throws {RangeError} If the axis is none of the tensor's, or the number of channels has changed.
 * @example Two channels of three values
 * ```ts
 * import { addChannels } from "./channel_statistics.ts";
 * import assert from "node:assert/strict";
 * const values = Float32Array.of(1, 2, 3, -1, -2, -3);
 * const { max, sum } = addChannels(undefined, values, { dims: [1, 2, 3], axis: 1 });
 * assert.deepEqual([[...max], [...sum]], [[3, -1], [6, -6]]);
 * ```
 */
export function addChannels(
  statistics: ChannelStatistics | undefined,
  values: Float32Array,
  { dims, axis }: ChannelLayout,
): ChannelStatistics {
  const at = axis < 0 ? axis + dims.length : axis;
  const channels = dims[at];
  if (channels === undefined) {
    throw new RangeError(`There is no axis ${axis} in the shape [${dims.join(", ")}]`);
  }
  const { count, min, max, sum } = statistics ?? noChannels(channels);
  if (channels !== min.length) {
    throw new RangeError(`There are ${channels} channels along axis ${axis}, before ${min.length}`);
  }
  const run = elementCount(dims.slice(at + 1)); // neighbours of one channel
  for (let i = 0, c = 0; i < values.length; c = c + 1 === channels ? 0 : c + 1) {
    let [low, high, total] = [min[c]!, max[c]!, sum[c]!];
    for (const end = i + run; i < end; i++) {
      const x = values[i]!;
      if (x < low) low = x;
      if (x > high) high = x;
      total += x;
    }
    min[c] = low;
    max[c] = high;
    sum[c] = total;
  }
  return { count: count + (channels && values.length / channels), min, max, sum };
}

function noChannels(channels: number): ChannelStatistics {
  return {
    count: 0,
    min: new Float64Array(channels).fill(Infinity),
    max: new Float64Array(channels).fill(-Infinity),
    sum: new Float64Array(channels),
  };
}
