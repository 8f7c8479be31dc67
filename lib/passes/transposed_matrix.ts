import { makeNode } from "../onnx/node.ts";
import { elementCount, numericArrays, type Tensor } from "../tensor/tensor.ts";
import { evaluateNode } from "./evaluate/evaluate_node.ts";
import type { FloatType } from "./parameters.ts";

/** A constant with its last two axes swapped. */
export function transposedMatrix(tensor: Tensor<FloatType>): Tensor<FloatType> {
  const { dims, type } = tensor;
  const last = dims.length - 1;
  const perm = dims.map((_, axis) => axis < last - 1 ? axis : axis === last ? last - 1 : last);
  const bytes = elementCount(dims) * numericArrays[type].BYTES_PER_ELEMENT;
  const [result] = evaluateNode(makeNode("Transpose", ["x"], ["y"], { perm }), [tensor], bytes)!;
  return result as Tensor<FloatType>;
}
