import { isStandard, makeNode } from "../onnx/node.ts";
import { type NodeProto, type TensorProto, TensorProto_DataType } from "../onnx/onnx_pb.ts";
import { dimsOf } from "../onnx/tensor_proto.ts";
import { integersOf } from "../passes/known_integers.ts";
import { Float16Elements } from "../tensor/float16_array.ts";
import { WEIGHT_INPUTS } from "../passes/weight_inputs.ts";
import { elementCount, type Tensor } from "../tensor/tensor.ts";
import { quantizeBlocks } from "./block_weights.ts";
import type { Builder } from "./builder.ts";
import type { GraphFacts } from "./graph_facts.ts";
import type { WeightObserver, WeightOnly } from "./qconfig.ts";
import { areBlocks, type BlockWriter, writeKnownBlocks } from "./known_blocks.ts";
import { fileWeights } from "./known_weights.ts";
import { readWeights, worstOf } from "./read_weights.ts";
import { channelAxes } from "./weight_axes.ts";
import { largestMagnitude } from "./weight_clip.ts";
import { channelMap } from "./weight_layout.ts";
import { type QuantizedWeights, quantizeWeights } from "./weights.ts";

/** Fewer elements are not worth a Cast, a Mul and a scale in the file. */
const FEWEST_ELEMENTS = 128;

/** First opset with int4: Cast takes it from there on. */
export const INT4_OPSET = 21;

/** Inputs of a node that hold float32 weights of rank 2 or more, large enough to be stored smaller. */
export function storableWeights(node: NodeProto, facts: GraphFacts): number[] {
  const candidates = isStandard(node) ? WEIGHT_INPUTS.get(node.opType) ?? [] : [];
  return candidates.flatMap((input) => {
    const tensor = facts.floatConstant(node.input[input]);
    if (!tensor) return [];
    const dims = dimsOf(tensor);
    return dims.length >= 2 && elementCount(dims) >= FEWEST_ELEMENTS ? [input] : [];
  });
}

/** The float32 weights of a node as they are stored; undefined of one that neither has any nor multiplies. */
export function weightTensors(node: NodeProto, facts: GraphFacts): TensorProto[] | undefined {
  const inputs = isStandard(node) ? WEIGHT_INPUTS.get(node.opType) ?? [] : [];
  const tensors = inputs.flatMap((input) => {
    const name = node.input[input];
    const tensor = facts.floatConstant(name);
    return tensor ? [facts.constant(facts.storedAs(name!)) ?? tensor] : [];
  });
  if (tensors.length === 0 && (inputs.length === 0 || node.opType === "Gather")) return undefined;
  return tensors;
}

/** Bytes of a tensor in float32. */
export function bytesInFloat32(tensor: TensorProto): number {
  return 4 * elementCount(dimsOf(tensor));
}

/** Largest float16. */
const FLOAT16_REACH = 65504;

/** Why the weights of a node cannot be stored smaller, if so. */
export function weightOnlyObstacle(
  node: NodeProto,
  { bits }: WeightOnly,
  facts: GraphFacts,
): string | undefined {
  const inputs = storableWeights(node, facts);
  if (inputs.length === 0) return "it has no weights worth storing smaller";
  const names = inputs.map((input) => node.input[input]!);
  if (names.some((name) => worstOf(facts.floatConstant(name)!) === "infinite")) {
    return "its weights hold infinities";
  }
  if (names.some((name) => facts.isOutput(facts.storedAs(name)))) {
    return "its weights are an output of the graph too";
  }
  const tooLarge = bits === 16 &&
    names.some((name) => largestMagnitude(readWeights(name, facts).data) > FLOAT16_REACH);
  return tooLarge ? `it has weights beyond ${FLOAT16_REACH}, the largest float16` : undefined;
}

/**
 * Stores the weights of a node smaller: as an int8, int4 or float16 initializer behind Cast and Mul,
 * which the runtime folds when it makes a session, so that the kernel sees float32 (kernel fact
 * weights-behind-cast). Behind DequantizeLinear they would not be folded, and run 1.5 to 9 times slower;
 * so does the kernel for 4 bits (kernel facts weights-behind-dequantize, four-bit-kernel). The result takes the
 * name of the initializer it replaces, so that every reader finds it.
 */
export function storeSmall(node: NodeProto, qconfig: WeightOnly, builder: Builder): void {
  const { facts } = builder;
  for (const input of storableWeights(node, facts)) {
    const name = facts.storedAs(node.input[input]!);
    builder.replaceConstant(name, (builder) => {
      const weights = readWeights(name, facts);
      const axes = storedAxes(node, input, weights.dims, facts);
      if (qconfig.bits === 16) return asFloat16(name, weights, builder);
      const packs = qconfig.bits === 4;
      const known = integersOf(facts.floatConstant(name));
      if (areBlocks(known)) {
        const constant: BlockWriter["constant"] = (...given) => builder.constant(...given);
        const fresh = (base: string) => builder.fresh(base);
        return writeKnownBlocks(name, known, { constant, fresh, packs });
      }
      const file = fileWeights(name, facts);
      if (file && (known?.bits ?? 8) < 8) return asFile(name, weights.dims, file, packs, builder);
      if (qconfig.bits === 8) {
        return asInt8(name, weights, axes, generous(node, qconfig.weight), builder);
      }
      const channelsLast = axes.includes(weights.dims.length - 1);
      return asInt4(name, weights, { channelsLast, blockSize: qconfig.blockSize }, builder);
    });
  }
}

/**
 * The observer for a node's weights: a Conv has a scale for each channel in any case. These are few
 * bytes, and the channels of a depthwise one can differ a hundredfold.
 */
function generous({ opType }: NodeProto, weight: WeightObserver): WeightObserver {
  return /^Conv/.test(opType) ? { ...weight, sparing: false } : weight;
}

/** The axes of the stored constant whose indices are to have a scale each. */
function storedAxes(
  node: NodeProto,
  input: number,
  dims: readonly number[],
  facts: GraphFacts,
): readonly number[] {
  const name = node.input[input]!;
  const layout = facts.layoutOf(name);
  const [axis, ...more] = channelAxes(node, input, dimsOf(facts.floatConstant(name)!));
  if (!layout) return [axis!, ...more];
  // Any axis does: scales are multiplied before the weights are laid out.
  return [channelMap(layout, dims, axis!, facts.constant)?.axis ?? 0];
}

function asFloat16(name: string, weights: Tensor<"float32">, builder: Builder): NodeProto[] {
  const { dims } = weights;
  const data = Float16Elements.from(weights.data);
  const stored = builder.constant(`${name}_float16`, { type: "float16", dims, data });
  return [toFloat(stored, name)];
}

function asInt8(
  name: string,
  { data, dims }: Tensor<"float32">,
  axes: readonly number[],
  weight: WeightObserver,
  builder: Builder,
): NodeProto[] {
  const perChannel = weight.granularity === "channel";
  const quantized = fileWeights(name, builder.facts) ??
    quantizeWeights(data, dims, perChannel ? axes : [], weight);
  return asFile(name, dims, quantized, false, builder);
}

/** Integers behind Cast, Sub and Mul; as int4, if the file may hold it and it holds them. */
function asFile(
  name: string,
  dims: readonly number[],
  { type, values, scales, zeroPoints, scaleDims }: QuantizedWeights,
  packs: boolean,
  builder: Builder,
): NodeProto[] {
  const isSmall = packs && type === "int8" && values.every((step) => step >= -8 && step <= 7);
  const stored = builder.constant(
    `${name}_${isSmall ? "int4" : type}`,
    { type, dims, data: values } as Tensor,
    isSmall ? { packed: "int4" } : {},
  );
  const scale = floats(`${name}_scale`, scales, scaleDims, builder);
  const wide = builder.fresh(`${name}_wide`);
  const nodes = [toFloat(stored, wide)];
  if (type === "int8") return [...nodes, makeNode("Mul", [wide, scale], [name])];
  const centred = builder.fresh(`${name}_centred`);
  const zeroPoint = floats(`${name}_zero_point`, Float32Array.from(zeroPoints), scaleDims, builder);
  return [
    ...nodes,
    makeNode("Sub", [wide, zeroPoint], [centred]),
    makeNode("Mul", [centred, scale], [name]),
  ];
}

/** int4 keeps a scale for each block of weights; blocks are made, and undone, by Reshape. */
function asInt4(
  name: string,
  { data, dims }: Tensor<"float32">,
  options: { channelsLast: boolean; blockSize: number },
  builder: Builder,
): NodeProto[] {
  const blocks = quantizeBlocks(data, dims, options);
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
