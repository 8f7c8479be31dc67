import { valueTypes } from "../../lib/onnx/graph.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { elementCount, type Feeds, type Tensor } from "../../lib/tensor/tensor.ts";
import { normal } from "../random.ts";

/** Shapes where 2 for each dynamic dimension is not one that the network takes, or had better not be. */
const SHAPES: Readonly<Record<string, readonly number[]>> = {
  "basic-pitch serving_default_input_2:0": [1, 43844, 1], // two take long, and show no more
  "silero-vad input": [1, 576],
  "silero-vad state": [2, 1, 128],
};

/** Something to feed a network: noise, sampling rates, letters. */
export function anyFeeds(model: Model, folder: string): Feeds {
  return Object.fromEntries(
    valueTypes(model.graph).inputs.map(({ name, type, dims = [] }): [string, Tensor] => {
      const fixed = SHAPES[`${folder} ${name}`] ??
        dims.map((dim) => typeof dim === "number" && dim > 0 ? dim : 2);
      const count = elementCount(fixed);
      switch (type) {
        case "float32":
          return [name, { type, dims: fixed, data: normal(count, 7, 0.3) }];
        case "int64":
          return [name, { type, dims: fixed, data: new BigInt64Array(count).fill(16000n) }];
        case "uint8":
          return [name, {
            type,
            dims: fixed,
            data: Uint8Array.from({ length: count }, (_, i) => i),
          }];
        case "int32":
          return [name, { type, dims: fixed, data: new Int32Array(count).fill(1) }];
        default:
          throw new Error(`${folder}: no feed for ${type}`);
      }
    }),
  );
}
