import type { Range } from "../calibrate/range.ts";
import { readTensorProto } from "../onnx/tensor_proto.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import type { GraphFacts } from "./graph_facts.ts";

/** What leaves everything through. */
export const UNBOUNDED: Range = { min: -Infinity, max: Infinity };

/**
 * Bounds of a Relu or Clip that hold zero: QuantizeLinear saturates at its own ends, and where these
 * lie within the bounds the runtime drops the node. Undefined for other nodes and other bounds.
 */
export function clipBounds(node: NodeProto, facts: GraphFacts): Range | undefined {
  if (node.opType === "Relu") return { min: 0, max: Infinity };
  if (node.opType !== "Clip") return undefined;
  const [, low, high] = node.input;
  const min = low ? constantScalar(low, facts) : -Infinity;
  const max = high ? constantScalar(high, facts) : Infinity;
  const holdZero = min !== undefined && max !== undefined && min <= 0 && max >= 0 && min < max;
  return holdZero ? { min, max } : undefined;
}

/** The bounds that the nodes of a unit clip to. */
export function boundsOf(nodes: readonly NodeProto[], facts: GraphFacts): Range {
  for (const node of nodes) {
    const bounds = clipBounds(node, facts);
    if (bounds) return bounds;
  }
  return UNBOUNDED;
}

/** The value of a float32 constant of one element. */
export function constantScalar(name: string, facts: GraphFacts): number | undefined {
  const tensor = facts.floatConstant(name);
  return tensor ? Number(readTensorProto(tensor).data[0]) : undefined;
}
