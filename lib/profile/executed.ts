import { constants, consumers, producers, subgraphs } from "../onnx/graph.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import { knownBefore } from "../passes/known_before.ts";

/** What a node of the graph that the runtime executes goes back to. */
export interface Origin {
  /** The node of the model that it stands for; undefined for what the runtime put in by itself. */
  readonly original?: NodeProto;
  /** All nodes of the model whose work it does, in order, but for those that make constants. */
  readonly covers: readonly NodeProto[];
}

/**
 * Leads each node of an optimized graph back to the nodes of the model whose work it does. The runtime
 * keeps the name of the node it makes another of (with `_token_3` or the like behind it when it makes
 * it anew), and the names of the tensors that survive: what lies between two of those is what the node
 * took in. Nodes in bodies are led back too.
 *
 * @param graph The graph as the runtime was given it.
 * @param optimized The same after the runtime's optimization.
 */
export function originsOf(graph: GraphProto, optimized: GraphProto): Map<NodeProto, Origin> {
  const origins = new Map<NodeProto, Origin>();
  collect(graph, optimized, origins);
  return origins;
}

function collect(
  graph: GraphProto,
  optimized: GraphProto,
  origins: Map<NodeProto, Origin>,
): void {
  const makers = producers(graph);
  const readers = consumers(graph);
  const fixed = knownBefore(graph, constants(graph).keys());
  const place = new Map(graph.node.map((node, i) => [node, i]));
  const named = uniqueNames(graph);
  const survives = new Set([
    ...optimized.node.flatMap(({ output }) => output),
    ...optimized.input.map(({ name }) => name),
  ]);
  const namesake = (node: NodeProto) => named.get(node.name) ?? named.get(formerName(node.name));
  const claimed = new Set(optimized.node.flatMap((node) => namesake(node) ?? []));

  const covers = new Map(optimized.node.map((node) => [node, new Set<NodeProto>()]));
  const taken = new Set<NodeProto>();
  const onward = (inner: NodeProto, into: Set<NodeProto>) => {
    into.add(inner);
    taken.add(inner);
    for (const name of inner.output) {
      const [reader, ...others] = readers.get(name) ?? [];
      if (survives.has(name) || !reader || others.length > 0) continue;
      if (!claimed.has(reader) && !taken.has(reader)) onward(reader, into);
    }
  };
  const back = (inner: NodeProto, into: Set<NodeProto>) => {
    into.add(inner);
    taken.add(inner);
    for (const name of inner.input) {
      const maker = makers.get(name);
      if (!maker || survives.has(name) || fixed.has(name)) continue;
      if (!claimed.has(maker) && !taken.has(maker)) back(maker, into);
    }
  };
  // What follows first: a Relu belongs to the Conv before it, not to what reads it.
  for (const [node, into] of covers) {
    const own = namesake(node);
    if (own && !taken.has(own)) onward(own, into);
  }
  for (const [node, into] of covers) {
    const made = node.output.flatMap((name) => makers.get(name) ?? []);
    for (const inner of [...into, ...made]) {
      if (into.has(inner) || !claimed.has(inner) && !taken.has(inner)) back(inner, into);
    }
    const sorted = [...into].filter((inner) => !inner.output.every((name) => fixed.has(name)))
      .sort((a, b) => place.get(a)! - place.get(b)!);
    const original = namesake(node) ?? sorted.findLast(({ opType }) => COMPUTES.has(opType)) ??
      sorted.at(-1);
    origins.set(node, { ...(original && { original }), covers: sorted });
    if (original) collectBodies(original, node, origins);
  }
}

/** The bodies of two nodes belong together by the names of the attributes that hold them. */
function collectBodies(
  original: NodeProto,
  node: NodeProto,
  origins: Map<NodeProto, Origin>,
): void {
  if (subgraphs(node).length === 0) return;
  for (const { name, g } of node.attribute) {
    const body = original.attribute.find((attribute) => attribute.name === name)?.g;
    if (g && body) collect(body, g, origins);
  }
}

/** What a fused node is named after if it has no name of its own. */
const COMPUTES: ReadonlySet<string> = new Set(["Conv", "ConvTranspose", "Gemm", "MatMul"]);

/** Nodes by name, without names that several have. */
function uniqueNames(graph: GraphProto): Map<string, NodeProto> {
  const named = new Map<string, NodeProto>();
  const twice = new Set<string>();
  for (const node of graph.node) {
    if (named.has(node.name)) twice.add(node.name);
    named.set(node.name, node);
  }
  for (const name of [...twice, ""]) named.delete(name);
  return named;
}

/** The name a node had before the runtime made it anew, or another of it: `fc/MatMulAddFusion`. */
function formerName(name: string): string {
  return name.replace(/_token_\d+$/, "").replace(/\/\w+Fusion\/?$/, "");
}
