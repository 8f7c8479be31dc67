import { mapSubgraphs } from "./graph.ts";
import type { GraphProto } from "./onnx_pb.ts";

/**
 * The graph with every name of a value or node given another, bodies included. "" stays: it stands for
 * what is left out.
 */
export function renameGraph(graph: GraphProto, rename: (name: string) => string): GraphProto {
  const name = (old: string) => old === "" ? "" : rename(old);
  const named = <T extends { readonly name: string }>(value: T): T => ({
    ...value,
    name: name(value.name),
  });
  return {
    ...graph,
    node: graph.node.map((node) => ({
      ...mapSubgraphs(node, (body) => renameGraph(body, rename)),
      name: name(node.name),
      input: node.input.map(name),
      output: node.output.map(name),
    })),
    initializer: graph.initializer.map(named),
    sparseInitializer: graph.sparseInitializer.map((tensor) => ({
      ...tensor,
      ...(tensor.values && { values: named(tensor.values) }),
    })),
    input: graph.input.map(named),
    output: graph.output.map(named),
    valueInfo: graph.valueInfo.map(named),
  };
}
