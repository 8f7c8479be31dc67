import { consumers, pinned, producers } from "../onnx/graph.ts";
import { intAttribute, intsAttribute, isStandard, withAttributes } from "../onnx/node.ts";
import type { GraphProto, NodeProto, TensorProto } from "../onnx/onnx_pb.ts";
import { byteLengthOf, dimsOf, makeTensorProto, readTensorProto } from "../onnx/tensor_proto.ts";
import { elementCount } from "../tensor/tensor.ts";
import { evaluateNode, isPlain } from "./evaluate/evaluate_node.ts";
import { markQuantized, wasFloats } from "./known_integers.ts";
import { type PassContext, rootContext, visibleConstants } from "./pass.ts";

/** Operators that move all elements of a tensor, and their parameters, if any, as constants. */
const MOVING: ReadonlySet<string> = new Set([
  "Flatten",
  "Reshape",
  "Squeeze",
  "Transpose",
  "Unsqueeze",
]);

/**
 * Moves the integers of a constant in place of what they are dequantized to: a Transpose of a
 * DequantizeLinear becomes a DequantizeLinear of the transposed integers, which the layer that reads it
 * then finds as its weights. With a scale for each channel only a Transpose can be followed.
 */
export function moveDequantized(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
): GraphProto {
  if (!graph.node.some(({ opType }) => opType === "DequantizeLinear")) return graph;
  const constants = visibleConstants(graph, context);
  const makers = producers(graph);
  const readers = consumers(graph);
  const kept = pinned(graph);
  const added: TensorProto[] = [];
  const gone = new Set<NodeProto>();
  const nodes = graph.node.map((move) => {
    if (!isStandard(move) || !MOVING.has(move.opType)) return move;
    const [from = "", ...parameters] = move.input;
    const dequantize = makers.get(from);
    if (!dequantize || dequantize.opType !== "DequantizeLinear" || !isStandard(dequantize)) {
      return move;
    }
    if (kept.has(from) || readers.get(from)?.length !== 1 || gone.has(dequantize)) return move;
    const moved = moveIntegers(dequantize, move, parameters, constants);
    if (!moved) return move;
    const name = context.fresh(`${dequantize.input[0]}_${move.opType.toLowerCase()}`);
    const integers = { ...moved.integers, name };
    if (wasFloats(constants.get(dequantize.input[0]!))) markQuantized(integers);
    added.push(integers);
    gone.add(dequantize);
    const node = {
      ...withAttributes(dequantize, { axis: moved.axis }),
      input: [name, ...dequantize.input.slice(1)],
      output: move.output,
    };
    context.origins.inherit(node, dequantize, move);
    return node;
  });
  if (gone.size === 0) return graph;
  const node = nodes.filter((node) => !gone.has(node));
  return { ...graph, node, initializer: [...graph.initializer, ...added] };
}

/** The integers after a move, and the axis of their scales. */
function moveIntegers(
  dequantize: NodeProto,
  move: NodeProto,
  parameters: readonly string[],
  constants: ReadonlyMap<string, TensorProto>,
): { integers: TensorProto; axis: number | undefined } | undefined {
  const [name = "", scale = ""] = dequantize.input;
  const [integers, scales] = [constants.get(name), constants.get(scale)];
  if (!integers || !scales || !isPlain(integers.dataType)) return undefined;
  const single = elementCount(dimsOf(scales)) === 1;
  const perm = intsAttribute(move, "perm");
  if (!single && (move.opType !== "Transpose" || scales.dims.length !== 1)) return undefined;
  const read = parameters.map((name) => constants.get(name));
  if (read.some((tensor) => !tensor)) return undefined;
  const inputs = [readTensorProto(integers), ...read.map((tensor) => readTensorProto(tensor!))];
  const [result] = evaluateNode(move, inputs, byteLengthOf(integers)) ?? [];
  if (!result) return undefined;
  const rank = integers.dims.length;
  const axis = (intAttribute(dequantize, "axis", 1) + rank) % rank;
  const to = perm ? perm.indexOf(axis) : rank - 1 - axis;
  return { integers: makeTensorProto("", result), axis: single ? undefined : to };
}
