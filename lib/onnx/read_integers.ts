import type { TensorProto } from "./onnx_pb.ts";
import { readTensorProto } from "./tensor_proto.ts";

/** Elements of a constant of integers, as numbers. */
export function readIntegers(tensor: TensorProto | undefined): number[] | undefined {
  if (!tensor) return undefined;
  const { type, data } = readTensorProto(tensor);
  return type === "int64" || type === "int32" ? Array.from(data, Number) : undefined;
}
