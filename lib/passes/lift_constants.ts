import { constantValue } from "../onnx/graph.ts";
import type { GraphProto, TensorProto } from "../onnx/onnx_pb.ts";

/**
 * Turns Constant nodes into initializers of the same name. One that makes an output of the graph
 * stays, as does a sparse one.
 */
export function liftConstants(graph: GraphProto): GraphProto {
  const outputs = new Set(graph.output.map(({ name }) => name));
  const lifted: TensorProto[] = [];
  const node = graph.node.filter((candidate) => {
    const [name = ""] = candidate.output;
    const value = outputs.has(name) ? undefined : constantValue(candidate);
    if (value) lifted.push({ ...value, name });
    return value === undefined;
  });
  if (lifted.length === 0) return graph;
  return { ...graph, node, initializer: [...graph.initializer, ...lifted] };
}
