import { intAttribute, isStandard } from "../onnx/node.ts";
import type { NodeProto, TensorProto } from "../onnx/onnx_pb.ts";
import { readTensorProto } from "../onnx/tensor_proto.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { ShapeMap } from "../onnx/shape_map.ts";
import { type Window, windowOf } from "../onnx/pool_window.ts";

/** A Conv in float32 with constant weights, on a map of known size. */
export interface ReadConv {
  readonly node: NodeProto;
  /** Shape [filters, channels / group, ...kernel]. */
  readonly weight: Tensor<"float32">;
  readonly bias?: Tensor<"float32">;
  readonly group: number;
  readonly window: Window;
  /** Pictures in a batch of the sample. */
  readonly batch: number;
  readonly channels: number;
  readonly filters: number;
  /** Axes of its input, and of its output, that the kernel moves along. */
  readonly spatialAxes: readonly number[];
}

/** Reads a Conv node; undefined if it is something else, or not all of it is known. */
export function readConv(
  node: NodeProto,
  shapes: ShapeMap,
  constants: ReadonlyMap<string, TensorProto>,
): ReadConv | undefined {
  if (node.opType !== "Conv" || !isStandard(node)) return undefined;
  const x = shapes.get(node.input[0]);
  const weight = floatsOf(constants.get(node.input[1] ?? ""));
  const bias = node.input[2] ? floatsOf(constants.get(node.input[2])) : undefined;
  if (!x || !weight || (node.input[2] && !bias)) return undefined;
  const [batch = 0, channels = 0, ...lengths] = x.dims;
  const [filters = 0, , ...kernel] = weight.dims;
  const window = windowOf(node, lengths, kernel);
  if (!window || batch === 0) return undefined;
  const group = intAttribute(node, "group", 1);
  const spatialAxes = lengths.map((_, i) => i + 2);
  return {
    node,
    weight,
    ...bias && { bias },
    group,
    window,
    batch,
    channels,
    filters,
    spatialAxes,
  };
}

/** A constant of float32; undefined for any other, or none. */
export function floatsOf(tensor: TensorProto | undefined): Tensor<"float32"> | undefined {
  const read = tensor && readTensorProto(tensor);
  return read?.type === "float32" ? read as Tensor<"float32"> : undefined;
}
