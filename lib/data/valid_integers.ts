import { constants } from "../onnx/graph.ts";
import { intAttribute, isStandard } from "../onnx/node.ts";
import type { GraphProto, NodeProto, TensorProto } from "../onnx/onnx_pb.ts";
import { dimsOf, readTensorProto } from "../onnx/tensor_proto.ts";
import { elementCount } from "../tensor/tensor.ts";

/** What a network says of the integers that an input may hold. */
export interface ValidIntegers {
  /** They choose among so many rows: of a table of embeddings, or places of a OneHot. */
  readonly below?: number;
  /** What they are asked to be: a sample rate that picks a branch. */
  readonly equal?: number;
}

/** Operators that hand their first input on, with another shape or type. */
const HANDS_ON: ReadonlySet<string> = new Set([
  ...["Cast", "Flatten", "Identity", "Reshape", "Slice", "Squeeze", "Transpose", "Unsqueeze"],
]);

/** Which integers an input may hold, as the nodes that read it tell. */
export function validIntegers(graph: GraphProto, input: string): ValidIntegers {
  const known = constants(graph);
  const names = new Set([input]);
  const rows: number[] = [];
  let equal: number | undefined;
  for (const node of graph.node) {
    if (!isStandard(node) || !node.input.some((name) => names.has(name))) continue;
    const { opType, input: [first = "", second = ""], output } = node;
    if (HANDS_ON.has(opType) && names.has(first)) { for (const name of output) names.add(name); }
    if (opType === "Gather" && names.has(second)) rows.push(...rowsOf(node, known));
    if (opType === "OneHot" && names.has(first)) rows.push(...numberIn(known.get(second)));
    if (opType === "Equal") equal ??= numberIn(known.get(names.has(first) ? second : first))[0];
  }
  return {
    ...(rows.length > 0 && { below: Math.min(...rows) }),
    ...(equal !== undefined && { equal }),
  };
}

/** Rows of the table that a Gather reads, where it is a constant. */
function rowsOf(gather: NodeProto, known: ReadonlyMap<string, TensorProto>): number[] {
  const table = known.get(gather.input[0]!);
  const rows = table && dimsOf(table).at(intAttribute(gather, "axis", 0));
  return rows === undefined ? [] : [rows];
}

/** The number that a constant holds, if it holds one. */
function numberIn(tensor: TensorProto | undefined): number[] {
  if (!tensor || elementCount(dimsOf(tensor)) !== 1) return [];
  const value = Number(readTensorProto(tensor).data[0]);
  return Number.isFinite(value) ? [value] : [];
}
