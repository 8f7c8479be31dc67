import { captured, consumers, mapSubgraphs } from "../onnx/graph.ts";
import type { GraphProto, TensorProto } from "../onnx/onnx_pb.ts";
import { type PassContext, rootContext } from "./pass.ts";

/**
 * Moves initializers that only the body of a Scan reads into that body, where its weights are found
 * beside the nodes that use them.
 */
export function sinkConstants(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
): GraphProto {
  const readers = consumers(graph);
  const outputs = new Set(graph.output.map(({ name }) => name));
  const moved = new Set<TensorProto>();
  const node = graph.node.map((scan) => {
    if (scan.opType !== "Scan") return scan;
    const inside = captured(scan);
    const own = graph.initializer.filter(({ name }) =>
      inside.has(name) && readers.get(name)?.length === 1 && !scan.input.includes(name) &&
      !outputs.has(name)
    );
    if (own.length === 0) return scan;
    for (const tensor of own) moved.add(tensor);
    const filled = mapSubgraphs(scan, (body) => ({
      ...body,
      initializer: [...body.initializer, ...own],
    }));
    context.origins.inherit(filled, scan);
    return filled;
  });
  if (moved.size === 0) return graph;
  const initializer = graph.initializer.filter((tensor) => !moved.has(tensor));
  return { ...graph, node, initializer };
}
