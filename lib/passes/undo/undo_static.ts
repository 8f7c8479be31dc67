import { intAttribute, isStandard, stringAttribute } from "../../onnx/node.ts";
import {
  type GraphProto,
  type NodeProto,
  type TensorProto,
  TensorProto_DataType as DataType,
} from "../../onnx/onnx_pb.ts";
import { removeDeadNodes } from "../../onnx/graph.ts";
import { dataTypeName, dimsOf, makeTensorProto, readTensorProto } from "../../onnx/tensor_proto.ts";
import { elementCount } from "../../tensor/tensor.ts";
import { integersOf } from "../known_integers.ts";
import { everywhere, type PassContext } from "../pass.ts";
import { KERNELS } from "./integer_kernels.ts";
import { readNumbers } from "./stored_integers.ts";
import { isConversion, Twins } from "./twins.ts";
import type { UndoLog } from "./undo_log.ts";

/** Operators that only move values, or take the largest: on integers they do the same. */
const MOVES: ReadonlySet<string> = new Set([
  "DepthToSpace",
  "Expand",
  "Flatten",
  "Gather",
  "Identity",
  "MaxPool",
  "Reshape",
  "Resize",
  "Slice",
  "SpaceToDepth",
  "Split",
  "Squeeze",
  "Tile",
  "Transpose",
  "Unsqueeze",
]);

/**
 * Reads layers with ranges in the file as float32 operators: between QuantizeLinear and DequantizeLinear, and
 * as operators on integers. Where a range begins at zero behind a result that may be negative, the Relu that
 * the quantizer took out is written again.
 */
export function undoStatic(graph: GraphProto, context: PassContext, log: UndoLog): GraphProto {
  return everywhere((inner, around) => undoGraph(inner, around, log))(graph, context);
}

function undoGraph(graph: GraphProto, context: PassContext, log: UndoLog): GraphProto {
  const isInteger = (node: NodeProto) =>
    KERNELS.has(node.opType) || isConversion(node, "QuantizeLinear") ||
    isConversion(node, "DequantizeLinear");
  if (!graph.node.some(isInteger)) return graph;
  const twins = new Twins(graph, context, log);
  for (const node of graph.node) {
    if (isConversion(node, "QuantizeLinear")) quantize(node, twins);
    else if (isConversion(node, "DequantizeLinear")) dequantize(node, twins);
    else if (KERNELS.has(node.opType)) compute(node, twins);
    else if (isMove(node) && twins.of(node.input[0])) move(node, twins);
    else if (isBounds(node, twins)) pass(node, twins);
    else keep(node, twins);
  }
  if (!twins.changed) return graph;
  return removeDeadNodes({
    ...graph,
    node: [...twins.settled()],
    initializer: [...graph.initializer, ...twins.added],
  });
}

function isMove(node: NodeProto): boolean {
  if (!isStandard(node) || !MOVES.has(node.opType)) return false;
  return node.opType !== "Resize" || stringAttribute(node, "mode", "nearest") === "nearest";
}

/** A Clip of integers to constants: those that the quantizer may make. */
function isBounds(node: NodeProto, twins: Twins): boolean {
  return isStandard(node) && node.opType === "Clip" && twins.of(node.input[0]) !== undefined &&
    node.input.slice(1).every((name) => name === "" || twins.constant(name));
}

/** Integers that stand for the same floats. */
function pass(node: NodeProto, twins: Twins): void {
  const { float, ...twin } = twins.of(node.input[0])!;
  twins.pair(node.output[0]!, float, twin, node);
}

function quantize(node: NodeProto, twins: Twins): void {
  const [x = "", scale = "", zeroPoint = ""] = node.input;
  const isConstant = twins.constant(x) !== undefined;
  const range = isConstant ? undefined : twins.range(scale, zeroPoint, typeOf(node));
  if (!range) {
    const why = isConstant
      ? "it makes integers of a constant in a way that is not known"
      : twins.constant(scale)
      ? "its scale is no single float32 above 0, or its zero point no single constant"
      : "its scale is no constant";
    twins.log.leave(node, why);
    keep(node, twins);
    return;
  }
  twins.pair(node.output[0]!, twins.named(x), { range, scale, zeroPoint }, node);
}

function typeOf(node: NodeProto) {
  const type = intAttribute(node, "output_dtype", 0);
  return type === DataType.INT8
    ? "int8"
    : type === DataType.UINT16
    ? "uint16"
    : type === DataType.INT16
    ? "int16"
    : "uint8";
}

function dequantize(node: NodeProto, twins: Twins): void {
  const [integers = "", scale = "", zeroPoint] = node.input;
  const [y = ""] = node.output;
  const twin = twins.of(integers);
  if (twin && twins.isReadAs(integers, scale, zeroPoint)) {
    twins.rename(y, twin.float, node);
    return;
  }
  const dynamic = twins.makerOf(integers);
  if (dynamic?.opType === "DynamicQuantizeLinear" && `${dynamic.output}` === `${node.input}`) {
    twins.rename(y, twins.named(dynamic.input[0]!), node);
    return;
  }
  const stored = twins.constant(integers);
  const floats = stored && dequantizedBias(y, stored, twins.constant(scale), zeroPoint, twins);
  if (floats && !twins.isPinned(y)) {
    twins.added.push(floats);
    return;
  }
  const moved = !stored && !twin && movedRows(node, twins);
  if (moved) {
    twins.rename(y, moved, node);
    return;
  }
  const why = stored
    ? `its integers are ${dataTypeName(stored.dataType)}`
    : twin
    ? "it reads integers with another scale than they were made with"
    : twins.whoMakes(integers);
  twins.log.leave(node, why);
  keep(node, twins);
  // What reads these floats is a layer of integers all the same.
  twins.noteMoved(y, y);
}

/** The floats of rows of a table that a file moves as integers: dequantized ahead of the moves. */
function movedRows(node: NodeProto, twins: Twins): string | undefined {
  const [integers = "", scale = "", zeroPoint = ""] = node.input;
  const moves: NodeProto[] = [];
  let maker = twins.makerOf(integers);
  while (maker && isMove(maker) && maker.output.length === 1 && !twins.constant(maker.input[0])) {
    moves.unshift(maker);
    maker = twins.makerOf(maker.input[0]!);
  }
  if (moves.length === 0 || maker?.opType !== "Gather" || !twins.range(scale, zeroPoint)) {
    return undefined;
  }
  let float = twins.dequantized(maker.output[0]!, scale, zeroPoint, node);
  for (const move of moves) {
    const input = [float, ...move.input.slice(1).map((name) => twins.named(name))];
    float = twins.context.fresh(twins.floatName(move.output[0]!));
    twins.write({ ...move, input, output: [float] }, move, node);
  }
  return float;
}

/** Integers of 16 bits that are made floats: a bias, and no matrix that would be twice as large. */
const FEW = 4096;

/** The bias of a layer, of 32 or 16 bits, as floats: one scale, or one for each. */
function dequantizedBias(
  name: string,
  bias: TensorProto,
  scale: TensorProto | undefined,
  zeroPoint: string | undefined,
  twins: Twins,
): TensorProto | undefined {
  const zero = twins.constant(zeroPoint);
  const isShort = bias.dataType === DataType.INT16 || bias.dataType === DataType.UINT16;
  const count = elementCount(dimsOf(bias));
  if (bias.dataType !== DataType.INT32 && !(isShort && count <= FEW)) return undefined;
  if (scale?.dataType !== DataType.FLOAT || (zeroPoint && !zero)) return undefined;
  const { dims, data } = readTensorProto(bias);
  const scales = readTensorProto(scale).data as Float32Array;
  if (scales.length !== 1 && scales.length !== count) return undefined;
  const zeros = readNumbers(zero)?.data as Int32Array | undefined;
  const at = (values: Float32Array | Int32Array, i: number) => values[values.length === 1 ? 0 : i]!;
  const floats = Float32Array.from(
    data as Int32Array,
    (value, i) => (value - (zeros ? at(zeros, i) : 0)) * at(scales, i),
  );
  return makeTensorProto(name, { type: "float32", dims, data: floats });
}

/** An operator on integers: what it computes, in float32. */
function compute(node: NodeProto, twins: Twins): void {
  const written = KERNELS.get(node.opType)!(node, twins);
  if (written === undefined) return;
  twins.log.leave(node, written);
  keep(node, twins);
}

/** The same move of the floats. */
function move(node: NodeProto, twins: Twins): void {
  const { float: _, ...twin } = twins.of(node.input[0])!;
  const outputs = node.output.map((name) => name && twins.floatName(name));
  const input = [
    twins.of(node.input[0])!.float,
    ...node.input.slice(1).map((name) => twins.named(name)),
  ];
  twins.write({ ...node, input, output: outputs }, node);
  node.output.forEach((name, i) => {
    if (name) twins.pair(name, outputs[i]!, twin, node);
  });
}

/** A node that computes in float32, or that is not known: it reads floats where there are any. */
function keep(node: NodeProto, twins: Twins): void {
  const input = node.input.map((name) => twins.named(name));
  const changed = input.some((name, i) => name !== node.input[i]);
  twins.write(changed ? { ...node, input } : node, node);
  const sources = node.input.map((name) => twins.rangedSource(name));
  const [first] = sources;
  if (first !== undefined && isMove(node)) {
    for (const name of node.output) twins.noteMoved(name, first);
  }
  const source = sources.find((one) => one !== undefined);
  if (source !== undefined) logLayer(node, { input, source }, twins);
}

/** Notes down a layer between DequantizeLinear and QuantizeLinear. */
function logLayer(
  node: NodeProto,
  { input, source }: { readonly input: readonly string[]; readonly source: string },
  twins: Twins,
): void {
  const makers = node.input.flatMap((name, i) =>
    input[i] === name ? [] : twins.makerOf(name) ?? []
  );
  const readers = node.output.flatMap((name) =>
    twins.readersOf(name).filter((one) => one.opType === "QuantizeLinear")
  );
  const weights = input.flatMap((name) => {
    const known = integersOf(twins.constant(name));
    return known ? [known.integers.type] : [];
  });
  // Without integers on both sides it computes in float32 in the file too.
  const isFloat = weights.length === 0 &&
    (makers.length === 0 || readers.length === 0 || twins.constant(input[1] ?? ""));
  if (isFloat) return;
  const range = twins.log.ranges.get(source);
  twins.log.layers.push({
    node: node.name,
    form: "static",
    from: [...makers, node, ...readers].map(({ name, opType }) => ({ name, operator: opType })),
    ...range && { activations: range.type },
    ...weights[0] && { weights: weights[0] },
  });
}
