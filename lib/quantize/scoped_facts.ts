import { allNodes, subgraphs } from "../onnx/graph.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import { type GraphFacts, graphFacts } from "./graph_facts.ts";

/**
 * The facts of a graph and of each body within. They see past the edge of a body: the maker of a value
 * may stand in a graph around, its consumers are the very nodes within bodies that read it.
 */
export function* scopedFacts(facts: GraphFacts, outer?: GraphFacts): Generator<GraphFacts> {
  const { node, input } = facts.graph;
  const given = new Set(input.map(({ name }) => name));
  const readers = new Map<string, NodeProto[]>();
  for (const reader of allNodes(facts.graph)) {
    for (const name of new Set(reader.input)) {
      const known = readers.get(name);
      if (known) known.push(reader);
      else readers.set(name, [reader]);
    }
  }
  const scope: GraphFacts = {
    ...facts,
    maker: (name) => facts.maker(name) ?? (given.has(name) ? undefined : outer?.maker(name)),
    consumers: (name) => readers.get(name) ?? [],
  };
  yield scope;
  for (const holder of node) {
    for (const body of subgraphs(holder)) yield* scopedFacts(graphFacts(body, scope), scope);
  }
}
