import type { IntegerMatrix } from "../passes/winograd_weights.ts";
import { float32, type Tensor } from "../tensor/tensor.ts";
import { perChannel } from "./qconfig.ts";
import { quantizeWeights } from "./weights.ts";

/** Rounds a matrix `[rows, columns]` to int8, with a scale for each column. */
export function roundMatrix({ dims, data }: Tensor<"float32">): IntegerMatrix {
  const { values, scales } = quantizeWeights(data, dims, [1], perChannel);
  return {
    integers: { type: "int8", dims, data: values as Int8Array },
    scales: float32([scales.length], scales),
  };
}
