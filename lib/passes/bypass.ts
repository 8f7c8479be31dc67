import { producers } from "../onnx/graph.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import type { PassContext } from "./pass.ts";
import { redirectReaders } from "./redirect.ts";

/**
 * Removes the nodes whose first output is one of their inputs unchanged. Readers of the output read
 * the source instead; where the output is one of the graph's, which keeps its name, the source takes
 * that name if it is the graph's own to name. Where neither is possible, the node stays.
 *
 * @param sourceOf The input that a node passes on unchanged; undefined for a node that does work. What
 * it returns for a node must not depend on what is bypassed elsewhere.
 */
export function bypass(
  graph: GraphProto,
  context: PassContext,
  sourceOf: (node: NodeProto) => string | undefined,
): GraphProto {
  const makers = producers(graph);
  const outputs = new Set(graph.output.map(({ name }) => name));
  /** What to read instead of a name. */
  const sources = new Map<string, string>();
  /** The output's name that a value gets. */
  const renamed = new Map<string, string>();
  const removed = new Set<NodeProto>();
  for (const node of graph.node) {
    const source = sourceOf(node);
    const [target] = node.output;
    if (source === undefined || target === undefined) continue;
    if (!outputs.has(target)) {
      sources.set(target, source);
    } else {
      // Follow what is bypassed already: the value may have got an output's name on the way.
      let origin = source;
      for (let next = sources.get(origin); next; next = sources.get(origin)) origin = next;
      const maker = makers.get(origin);
      if (!maker || outputs.has(origin) || removed.has(maker)) continue;
      sources.set(origin, target);
      renamed.set(origin, target);
    }
    removed.add(node);
  }
  if (removed.size === 0) return graph;

  const node = graph.node.filter((old) => !removed.has(old)).map((old) => {
    if (!old.output.some((name) => renamed.has(name))) return old;
    const mapped = { ...old, output: old.output.map((name) => renamed.get(name) ?? name) };
    context.origins.inherit(mapped, old);
    return mapped;
  });
  return redirectReaders({ ...graph, node }, sources, context.origins);
}
