import { intAttribute, isStandard } from "../onnx/node.ts";
import type { NodeProto, TensorProto } from "../onnx/onnx_pb.ts";
import { readTensorProto } from "../onnx/tensor_proto.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { ShapeMap } from "../onnx/shape_map.ts";
import { type Window, windowOf } from "../onnx/pool_window.ts";

/**
 * A Conv on a map of known size.
 * @category Passes (advanced)
 */
export interface ConvShape {
  /** The Conv. */
  readonly node: NodeProto;
  /** Its groups. */
  readonly group: number;
  /** How its kernel slides over the map. */
  readonly window: Window;
  /** Pictures in a batch of the sample. */
  readonly batch: number;
  /** Input channels. */
  readonly channels: number;
  /** Output channels. */
  readonly filters: number;
  /** Axes of its input, and of its output, that the kernel moves along. */
  readonly spatialAxes: readonly number[];
}

/** A Conv in float32 with constant weights, on a map of known size. */
export interface ReadConv extends ConvShape {
  /** Shape [filters, channels / group, ...kernel]. */
  readonly weight: Tensor<"float32">;
  readonly bias?: Tensor<"float32">;
}

/** Reads a Conv node; undefined if it is something else, or not all of it is known. */
export function readConv(
  node: NodeProto,
  shapes: ShapeMap,
  constants: ReadonlyMap<string, TensorProto>,
): ReadConv | undefined {
  if (node.opType !== "Conv") return undefined;
  const weight = floatsOf(constants.get(node.input[1] ?? ""));
  const bias = node.input[2] ? floatsOf(constants.get(node.input[2])) : undefined;
  if (!weight || (node.input[2] && !bias)) return undefined;
  const shape = readConvShape(node, shapes, weight.dims);
  return shape && { ...shape, weight, ...bias && { bias } };
}

/**
 * Reads the shape of a Conv node; undefined if it is something else, or not known.
 *
 * @param weightDims Shape of its weights. @default {the one that `shapes` has}
 */
export function readConvShape(
  node: NodeProto,
  shapes: ShapeMap,
  weightDims: readonly number[] | undefined = shapes.get(node.input[1])?.dims,
): ConvShape | undefined {
  const x = shapes.get(node.input[0]);
  if (node.opType !== "Conv" || !isStandard(node) || !x || !weightDims) return undefined;
  const [batch = 0, channels = 0, ...lengths] = x.dims;
  const [filters = 0, , ...kernel] = weightDims;
  const window = windowOf(node, lengths, kernel);
  if (!window || batch === 0) return undefined;
  const group = intAttribute(node, "group", 1);
  const spatialAxes = lengths.map((_, i) => i + 2);
  return { node, group, window, batch, channels, filters, spatialAxes };
}

/** A constant of float32; undefined for any other, or none. */
export function floatsOf(tensor: TensorProto | undefined): Tensor<"float32"> | undefined {
  const read = tensor && readTensorProto(tensor);
  return read?.type === "float32" ? read as Tensor<"float32"> : undefined;
}
