import { intAttribute, isStandard } from "../onnx/node.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";

/**
 * The axes of a weight along which outputs differ, by operator and input: each index of them may
 * have a scale of its own without changing what the kernel sums up.
 */
export function channelAxes(
  node: NodeProto,
  input: number,
  dims: readonly number[],
): number[] {
  if (!isStandard(node)) return [0];
  switch (node.opType) {
    case "ConvTranspose": // [in, out / group, ...kernel]; depthwise has its channels in front
      return dims[1] === 1 ? [0] : [1];
    case "Gemm": // [n, k] if transB, else [k, n]
      return [input === 1 && intAttribute(node, "transB", 0) === 1 ? 0 : 1];
    case "MatMul": // [..., k, n]
      return [dims.length - 1];
    case "GRU":
    case "LSTM":
    case "RNN": // [directions, gates * hidden, ...]
      return [0, 1];
    default: // Conv [out, in / group, ...kernel], Gather [rows, ...]
      return [0];
  }
}

/**
 * The axis along which an integer kernel takes a scale for each index of a Conv's, Gemm's or MatMul's
 * weights; undefined where it takes a single one.
 */
export function kernelAxis(node: NodeProto, dims: readonly number[]): number | undefined {
  const isMatrix = dims.length === 2;
  return isMatrix || node.opType !== "MatMul" ? channelAxes(node, 1, dims)[0] : undefined;
}
