import { consumers, pinned, producers } from "../onnx/graph.ts";
import { intAttribute, intsAttribute, isStandard, withAttributes } from "../onnx/node.ts";
import type { GraphProto, NodeProto, TensorProto } from "../onnx/onnx_pb.ts";
import { readTensorProto } from "../onnx/tensor_proto.ts";
import { bypass } from "./bypass.ts";
import { elementTypes } from "./element_types.ts";
import { type PassContext, rootContext, visibleConstants } from "./pass.ts";

/**
 * Removes nodes that only move or rename values and do not even that: a Transpose into the same
 * order, a Cast to the type that the value has, a Concat of one part, a Pad by nothing. Two
 * Transposes in a row become one, and of two Reshapes only the second counts. A single-input Sum or
 * Max stays: it is the barrier that keeps the runtime from quantizing what it should not.
 */
export function dropNoOps(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
): GraphProto {
  const constants = visibleConstants(graph, context);
  const joined = joinPairs(graph, context, constants);
  const types = elementTypes(joined, constants);
  return bypass(joined, context, (node) => {
    if (!isStandard(node)) return undefined;
    const [x = ""] = node.input;
    switch (node.opType) {
      case "Transpose":
        return intsAttribute(node, "perm")?.every((axis, i) => axis === i) ? x : undefined;
      case "Cast":
        return types.get(x) === intAttribute(node, "to") ? x : undefined;
      case "Concat":
        return node.input.length === 1 ? x : undefined;
      case "Pad": {
        const stored = constants.get(node.input[1] ?? "");
        const pads = stored ? readTensorProto(stored).data : intsAttribute(node, "pads");
        // numbers in the attribute of old opsets, bigints in the input of new ones
        return pads && Array.from(pads as ArrayLike<number | bigint>, Number).every((n) => n === 0)
          ? x
          : undefined;
      }
    }
    return undefined;
  });
}

/** Makes the second of two Transposes or two Reshapes read what the first reads. */
function joinPairs(
  graph: GraphProto,
  context: PassContext,
  constants: ReadonlyMap<string, TensorProto>,
): GraphProto {
  const makers = producers(graph);
  const readers = consumers(graph);
  const kept = pinned(graph);
  const node = graph.node.map((second) => {
    const [middle = ""] = second.input;
    const first = makers.get(middle);
    if (!first || !isStandard(first) || !isStandard(second)) return second;
    if (first.opType !== second.opType) return second;
    // Where the first has other readers nothing is saved, unless both together do nothing.
    const alone = !kept.has(middle) && readers.get(middle)?.length === 1;
    const joined = second.opType === "Transpose"
      ? joinTransposes(first, second, alone)
      : second.opType === "Reshape" && alone && setsWholeShape(second, constants)
      ? { ...second, input: [first.input[0]!, ...second.input.slice(1)] }
      : undefined;
    if (!joined) return second;
    context.origins.inherit(joined, second);
    makers.set(joined.output[0]!, joined); // a third in the row joins this one
    return joined;
  });
  return node.every((mapped, i) => mapped === graph.node[i]) ? graph : { ...graph, node };
}

function joinTransposes(
  first: NodeProto,
  second: NodeProto,
  alone: boolean,
): NodeProto | undefined {
  const inner = intsAttribute(first, "perm");
  const outer = intsAttribute(second, "perm");
  if (!inner || !outer) return undefined; // reversed, which needs the rank
  const perm = outer.map((axis) => inner[axis]!);
  if (!alone && perm.some((axis, i) => axis !== i)) return undefined;
  const joined = withAttributes(second, { perm });
  return { ...joined, input: [first.input[0]!] };
}

/** Whether a Reshape says every length itself, taking none over (0) from the shape before. */
function setsWholeShape(node: NodeProto, constants: ReadonlyMap<string, TensorProto>): boolean {
  const shape = constants.get(node.input[1] ?? "");
  if (!shape) return false;
  const dims = readTensorProto(shape).data as BigInt64Array;
  return intAttribute(node, "allowzero", 0) === 1 || !dims.includes(0n);
}
