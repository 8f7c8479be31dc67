import type { GraphProto } from "../onnx/onnx_pb.ts";

/**
 * Gives every node of a graph a name of its own: one without a name that of its first output, one
 * whose name is taken a number behind it. What a runtime reports of a node can then be led back.
 */
export function nameNodes(graph: GraphProto): GraphProto {
  const taken = new Set<string>();
  let changed = false;
  const node = graph.node.map((node) => {
    const base = node.name || node.output.find((name) => name !== "") || node.opType;
    let name = base;
    for (let i = 1; taken.has(name); i++) name = `${base}_${i}`;
    taken.add(name);
    if (name === node.name) return node;
    changed = true;
    return { ...node, name };
  });
  return changed ? { ...graph, node } : graph;
}
