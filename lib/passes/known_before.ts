import { namesRead } from "../onnx/graph.ts";
import type { GraphProto } from "../onnx/onnx_pb.ts";

/**
 * Names of all that is known before a graph runs: constants, and what nodes make of constants, which the
 * runtime computes when it loads the model.
 */
export function knownBefore(graph: GraphProto, constants: Iterable<string>): Set<string> {
  const names = new Set(constants);
  for (const node of graph.node) {
    const read = namesRead(node);
    if (read.size === 0 || ![...read].every((name) => names.has(name))) continue;
    for (const name of node.output) names.add(name);
  }
  return names;
}
