import type { Tensor } from "../tensor/tensor.ts";
import { isFloat, toNumbers } from "./classes.ts";
import type { EmbeddingOptions } from "./metric.ts";

/**
 * The embedding of a sample: of an output [1, tokens, channels] the mean over its tokens, or the first of them;
 * any other output as it is.
 *
 * @throws {Error} If there is no such output.
 * @example
 * ```ts
 * import { float32 } from "../tensor/tensor.ts";
 * import { embeddingOf } from "./embedding.ts";
 * import assert from "node:assert/strict";
 * const outputs = { last_hidden_state: float32([1, 2, 2], [1, 2, 3, 6]) };
 * assert.deepEqual([...embeddingOf(outputs)], [2, 4]);
 * assert.deepEqual([...embeddingOf(outputs, { pooling: "first" })], [1, 2]);
 * ```
 */
export function embeddingOf(
  outputs: Readonly<Record<string, Tensor>>,
  { output, pooling = "mean" }: EmbeddingOptions = {},
): Float64Array {
  const name = output ?? Object.keys(outputs).find((name) => isFloat(outputs[name]!.type));
  const tensor = name === undefined ? undefined : outputs[name];
  if (!tensor) {
    throw new Error(
      name === undefined ? "no output holds an embedding" : `there is no output "${name}"`,
    );
  }
  const values = toNumbers(tensor);
  if (tensor.dims.length !== 3) return Float64Array.from(values);
  const channels = tensor.dims[2]!;
  const tokens = pooling === "first" ? 1 : values.length / channels;
  const sum = new Float64Array(channels);
  for (let i = 0; i < tokens * channels; i++) sum[i % channels]! += values[i]! / tokens;
  return sum;
}
