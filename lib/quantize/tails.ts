import { readTensorProto } from "../onnx/tensor_proto.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import type { GraphFacts } from "./graph_facts.ts";

/**
 * Whether a node is a Relu, or a Clip to [0, something]: what QuantizeLinear with zero point 0 does
 * anyway by saturating, so that the runtime drops the node.
 */
export function zeroFloor(node: NodeProto, facts: GraphFacts): boolean {
  if (node.opType === "Relu") return true;
  if (node.opType !== "Clip") return false;
  const min = constantScalar(node.input[1], facts);
  const max = node.input[2] ? constantScalar(node.input[2], facts) : Infinity;
  return min === 0 && max !== undefined && max > 0;
}

/** The upper end that the nodes of a unit clip to; Infinity if none does. */
export function ceiling(nodes: readonly NodeProto[], facts: GraphFacts): number {
  const clip = nodes.find((node, i) => i > 0 && node.opType === "Clip");
  return clip?.input[2] ? constantScalar(clip.input[2], facts) ?? Infinity : Infinity;
}

function constantScalar(name: string | undefined, facts: GraphFacts): number | undefined {
  const tensor = facts.floatConstant(name);
  return tensor ? Number(readTensorProto(tensor).data[0]) : undefined;
}
