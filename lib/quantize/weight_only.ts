import { isStandard, makeNode } from "../onnx/node.ts";
import { type NodeProto, TensorProto_DataType } from "../onnx/onnx_pb.ts";
import { dimsOf, readTensorProto } from "../onnx/tensor_proto.ts";
import { elementCount, type Tensor } from "../tensor/tensor.ts";
import { quantizeBlocks } from "./block_weights.ts";
import type { Builder } from "./builder.ts";
import type { GraphFacts } from "./graph_facts.ts";
import type { WeightObserver, WeightOnly } from "./qconfig.ts";
import { channelAxes } from "./weight_axes.ts";
import { quantizeWeights } from "./weights.ts";

/** Fewer elements are not worth a Cast, a Mul and a scale in the file. */
const FEWEST_ELEMENTS = 128;

/** First opset with int4: Cast takes it from there on. */
export const INT4_OPSET = 21;

/**
 * Inputs that hold weights, by operator. Other constants (a mask, a table that is added) can span
 * magnitudes that no common scale serves, and are hardly ever large.
 */
const WEIGHT_INPUTS: Readonly<Record<string, readonly number[]>> = {
  Conv: [1],
  ConvTranspose: [1],
  Gather: [0],
  Gemm: [0, 1],
  GRU: [1, 2],
  LSTM: [1, 2],
  MatMul: [0, 1],
  RNN: [1, 2],
};

/** Inputs of a node that hold float32 weights of rank 2 or more, large enough to be stored smaller. */
export function storableWeights(node: NodeProto, facts: GraphFacts): number[] {
  const candidates = isStandard(node) ? WEIGHT_INPUTS[node.opType] ?? [] : [];
  return candidates.flatMap((input) => {
    const tensor = facts.floatConstant(node.input[input]);
    if (!tensor) return [];
    const dims = dimsOf(tensor);
    return dims.length >= 2 && elementCount(dims) >= FEWEST_ELEMENTS ? [input] : [];
  });
}

/**
 * Stores the weights of a node smaller: as an int8, int4 or float16 initializer behind Cast and Mul,
 * which the runtime folds when it makes a session, so that the kernel sees float32. (Behind
 * DequantizeLinear they would not be folded, and run 1.5 to 9 times slower.) The result takes the
 * name of the initializer it replaces, so that every reader finds it.
 */
export function storeSmall(node: NodeProto, qconfig: WeightOnly, builder: Builder): void {
  for (const input of storableWeights(node, builder.facts)) {
    const name = node.input[input]!;
    const { dims, data } = readTensorProto(builder.facts.floatConstant(name)!);
    const weights = data as Float32Array;
    const axes = channelAxes(node, input, dims);
    const perChannel = qconfig.weight.granularity === "channel";
    builder.replaceConstant(name, (builder) => {
      if (qconfig.bits === 16) return asFloat16(name, weights, dims, builder);
      if (qconfig.bits === 8) {
        const { clip } = qconfig.weight;
        return asInt8(name, weights, { dims, axes: perChannel ? axes : [], clip }, builder);
      }
      const channelsLast = axes.includes(dims.length - 1);
      return asInt4(name, weights, dims, channelsLast, qconfig.blockSize, builder);
    });
  }
}

function asFloat16(
  name: string,
  weights: Float32Array,
  dims: readonly number[],
  builder: Builder,
): NodeProto[] {
  const data = Float16Array.from(weights);
  const stored = builder.constant(`${name}_float16`, { type: "float16", dims, data });
  return [toFloat(stored, name)];
}

function asInt8(
  name: string,
  weights: Float32Array,
  options: { dims: readonly number[]; axes: readonly number[]; clip: WeightObserver["clip"] },
  builder: Builder,
): NodeProto[] {
  const { dims, axes, clip } = options;
  const quantized = quantizeWeights(weights, dims, axes, { clip });
  const stored = builder.constant(`${name}_int8`, { type: "int8", dims, data: quantized.values });
  const scale = floats(`${name}_scale`, quantized.scales, quantized.scaleDims, builder);
  const wide = builder.fresh(`${name}_wide`);
  return [toFloat(stored, wide), makeNode("Mul", [wide, scale], [name])];
}

/** int4 keeps a scale for each block of weights; blocks are made, and undone, by Reshape. */
function asInt4(
  name: string,
  weights: Float32Array,
  dims: readonly number[],
  channelsLast: boolean,
  blockSize: number,
  builder: Builder,
): NodeProto[] {
  const blocks = quantizeBlocks(weights, dims, { channelsLast, blockSize });
  const stored = builder.constant(
    `${name}_int4`,
    { type: "int8", dims: blocks.dims, data: blocks.values },
    { packed: "int4" },
  );
  const scale = floats(`${name}_scale`, blocks.scales, blocks.scaleDims, builder);
  const [wide, scaled, flat] = [
    builder.fresh(`${name}_wide`),
    builder.fresh(`${name}_scaled`),
    builder.fresh(`${name}_flat`),
  ];
  const nodes = [toFloat(stored, wide), makeNode("Mul", [wide, scale], [scaled])];
  const shape = (base: string, values: readonly number[]) =>
    builder.constant(`${name}_${base}`, integers(values));
  if (blocks.padding === 0) {
    return [...nodes, makeNode("Reshape", [scaled, shape("shape", dims)], [name])];
  }
  const cut = builder.fresh(`${name}_cut`);
  const { paddedDims, axis } = blocks;
  return [
    ...nodes,
    makeNode("Reshape", [scaled, shape("padded_shape", paddedDims)], [flat]),
    makeNode("Slice", [
      flat,
      shape("start", [0]),
      shape("end", [paddedDims[axis]! - blocks.padding]),
      shape("axis", [axis]),
    ], [cut]),
    makeNode("Reshape", [cut, shape("shape", dims)], [name]),
  ];
}

function toFloat(from: string, to: string): NodeProto {
  return makeNode("Cast", [from], [to], { to: TensorProto_DataType.FLOAT });
}

function floats(
  base: string,
  data: Float32Array,
  dims: readonly number[],
  builder: Builder,
): string {
  return builder.constant(base, { type: "float32", dims, data });
}

function integers(values: readonly number[]): Tensor<"int64"> {
  return { type: "int64", dims: [values.length], data: BigInt64Array.from(values, BigInt) };
}
