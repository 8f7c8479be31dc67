import { mapSubgraphs } from "../onnx/graph.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import type { Origins } from "./origins.ts";

/**
 * Points readers of each key of `sources` at its value, and on from there if that is a key too, in
 * the graph's nodes and in their bodies. Outputs of the graph keep their names.
 */
export function redirectReaders(
  graph: GraphProto,
  sources: ReadonlyMap<string, string>,
  origins: Origins,
): GraphProto {
  if (sources.size === 0) return graph;
  const node = graph.node.map((old) => {
    const mapped = redirectNode(old, sources);
    if (mapped !== old) origins.inherit(mapped, old);
    return mapped;
  });
  return { ...graph, node };
}

function redirectNode(node: NodeProto, sources: ReadonlyMap<string, string>): NodeProto {
  const outer = mapSubgraphs(node, (body) => redirectBody(body, sources));
  if (!outer.input.some((name) => sources.has(name))) return outer;
  return { ...outer, input: outer.input.map((name) => follow(name, sources)) };
}

function redirectBody(body: GraphProto, sources: ReadonlyMap<string, string>): GraphProto {
  // What a body calls by the same name itself is not what is called so outside.
  const visible = new Map(sources);
  for (const { name } of [...body.input, ...body.initializer]) visible.delete(name);
  for (const { output } of body.node) for (const name of output) visible.delete(name);
  const node = body.node.map((inner) => redirectNode(inner, visible));
  return node.every((mapped, i) => mapped === body.node[i]) ? body : { ...body, node };
}

function follow(name: string, sources: ReadonlyMap<string, string>): string {
  let end = name;
  for (let next = sources.get(end); next !== undefined; next = sources.get(end)) end = next;
  return end;
}
