import { lookUp } from "../look_up.ts";
import { consumers, pinned, producers } from "../onnx/graph.ts";
import { intAttribute, isStandard } from "../onnx/node.ts";
import {
  type GraphProto,
  type NodeProto,
  type TensorProto,
  TensorProto_DataType as DataType,
} from "../onnx/onnx_pb.ts";
import { dimsOf, makeTensorProto, readTensorProto } from "../onnx/tensor_proto.ts";
import { elementCount, type Tensor } from "../tensor/tensor.ts";
import { type KnownIntegers, rememberIntegers } from "./known_integers.ts";
import { type PassContext, rootContext, visibleConstants } from "./pass.ts";

/** Inputs at which layers read their weights. */
const WEIGHTS: Readonly<Record<string, readonly number[]>> = {
  Conv: [1],
  ConvTranspose: [1],
  Gemm: [1],
  GRU: [1, 2],
  LSTM: [1, 2],
  MatMul: [1],
  RNN: [1, 2],
};

/**
 * Has layers of float32 activations read their weights as float32 constants again where the file holds them
 * as 8-bit integers behind a DequantizeLinear: so they can be quantized as any other. The integers are
 * remembered, and what quantizes the weights takes them as they are.
 */
export function dequantizeWeights(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
): GraphProto {
  if (!graph.node.some(({ opType }) => opType === "DequantizeLinear")) return graph;
  const constants = visibleConstants(graph, context);
  const makers = producers(graph);
  const readers = consumers(graph);
  const kept = pinned(graph);
  const isDequantized = (name: string | undefined) =>
    makers.get(name ?? "")?.opType === "DequantizeLinear";
  const isWeight = (reader: NodeProto, name: string) =>
    isStandard(reader) && !isDequantized(reader.input[0]) &&
    reader.input.every((input, i) => input !== name || lookUp(WEIGHTS, reader.opType)?.includes(i));
  const added: TensorProto[] = [];
  const node = graph.node.filter((dequantize) => {
    const [name = ""] = dequantize.output;
    if (dequantize.opType !== "DequantizeLinear" || !isStandard(dequantize)) return true;
    const reading = readers.get(name) ?? [];
    if (kept.has(name) || reading.length === 0) return true;
    if (!reading.every((reader) => isWeight(reader, name))) return true;
    const integers = readIntegers(dequantize, constants);
    if (!integers) return true;
    const bytes = 4 * integers.integers.data.length;
    if (bytes > context.folding.left) return true;
    context.folding.left -= bytes;
    const weights = makeTensorProto(name, dequantized(integers));
    rememberIntegers(weights, integers);
    added.push(weights);
    return false;
  });
  if (added.length === 0) return graph;
  return { ...graph, node, initializer: [...graph.initializer, ...added] };
}

/** What a DequantizeLinear of constants reads, if its scales are one for all or for each channel. */
function readIntegers(
  node: NodeProto,
  constants: ReadonlyMap<string, TensorProto>,
): KnownIntegers | undefined {
  const [stored, scale, zero] = node.input.map((name) => constants.get(name));
  if (!stored || scale?.dataType !== DataType.FLOAT || (node.input[2] && !zero)) return undefined;
  if (stored.dataType !== DataType.INT8 && stored.dataType !== DataType.UINT8) return undefined;
  const integers = readTensorProto(stored) as Tensor<"int8" | "uint8">;
  const scales = readTensorProto(scale).data as Float32Array;
  const count = scales.length;
  const rank = integers.dims.length;
  // Scales of more axes than one are for blocks.
  if (count > 1 && dimsOf(scale).length !== 1) return undefined;
  const axis = count === 1 ? undefined : (intAttribute(node, "axis", 1) + rank) % rank;
  if (axis !== undefined && integers.dims[axis] !== count) return undefined;
  const Integers = integers.type === "int8" ? Int8Array : Uint8Array;
  const zeroPoints = zero
    ? readTensorProto(zero).data as Int8Array | Uint8Array
    : new Integers(count);
  if (zeroPoints.length !== count || !scales.every((one) => one > 0 && one < Infinity)) {
    return undefined;
  }
  return { integers, scales, zeroPoints, axis };
}

function dequantized({ integers, scales, zeroPoints, axis }: KnownIntegers): Tensor<"float32"> {
  const { dims, data } = integers;
  const run = axis === undefined ? data.length : elementCount(dims.slice(axis + 1));
  const weights = new Float32Array(data.length);
  for (let i = 0; i < weights.length; i++) {
    const c = Math.floor(i / run) % scales.length;
    weights[i] = (data[i]! - zeroPoints[c]!) * scales[c]!;
  }
  return { type: "float32", dims, data: weights };
}
