import { makeNode } from "../onnx/node.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import { dimsOf, rawBytes } from "../onnx/tensor_proto.ts";
import { WORTH_MERGING } from "./merge_constants.ts";
import { TransposedSet } from "./transposed_set.ts";

/**
 * Keeps one of two constant matrices of which one is the other transposed, as an output layer and its
 * embedding are: the other becomes a Transpose, which the runtime computes when it makes a session.
 */
export function mergeTransposed(graph: GraphProto): GraphProto {
  const outputs = new Set(graph.output.map(({ name }) => name));
  const known = new TransposedSet();
  const transposes: NodeProto[] = [];
  const initializer = graph.initializer.filter((tensor) => {
    if (dimsOf(tensor).length !== 2 || outputs.has(tensor.name)) return true;
    if (rawBytes(tensor).length < WORTH_MERGING) return true;
    const other = known.find(tensor);
    if (other) {
      transposes.push(makeNode("Transpose", [other.name], [tensor.name], { perm: [1, 0] }));
      return false;
    }
    known.add(tensor);
    return true;
  });
  return transposes.length === 0
    ? graph
    : { ...graph, initializer, node: [...transposes, ...graph.node] };
}
