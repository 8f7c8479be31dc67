import type { TensorProto } from "../../onnx/onnx_pb.ts";
import { dimsOf } from "../../onnx/tensor_proto.ts";
import { gridOf, readNumbers, type StoredIntegers, storedIntegers } from "./stored_integers.ts";

/** Constants that weights are stored as. */
export interface WeightParts {
  readonly integers: TensorProto | undefined;
  readonly scale: TensorProto | undefined;
  /** @default {0} */
  readonly zero?: TensorProto | undefined;
}

/**
 * Weights of a product of integers with their scale and zero point.
 *
 * @param layout Shape over the weights of what has so many dimensions, if not that of ONNX's broadcasting.
 */
export function productWeights(
  { integers, scale, zero }: WeightParts,
  layout: (dims: readonly number[]) => readonly number[] = (dims) => dims,
): StoredIntegers | undefined {
  const stored = integers && storedIntegers(integers);
  if (!stored || !scale) return undefined;
  const { dims } = stored.integers;
  const scales = readNumbers(scale)?.data;
  if (!(scales instanceof Float32Array)) return undefined;
  const scaleGrid = gridOf(scales, layout(dimsOf(scale)), dims);
  const zeros = zero && storedIntegers(zero)?.integers;
  const zeroGrid = zeros && gridOf(zeros.data, layout(zeros.dims), dims);
  if (!scaleGrid || zero && !zeroGrid) return undefined;
  return { ...stored, scale: scaleGrid, ...(zeroGrid && { zero: zeroGrid }) };
}
