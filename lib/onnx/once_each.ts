import { constantValue, makeNamer, mapSubgraphs } from "./graph.ts";
import { mapSame } from "./map_same.ts";
import { domainOf } from "./node.ts";
import type { GraphProto, ModelProto, NodeProto, OperatorSetIdProto } from "./onnx_pb.ts";

/** Tells what was changed, in one line. */
export type Note = (sentence: string) => void;

/**
 * Makes one of what a file gives twice where onnxruntime takes one of the two: the last weight of a
 * name, the last version of an operator set. Nodes of one name, which it refuses, get names of their own.
 *
 * @returns The same model if nothing is given twice.
 */
export function onceEach(proto: ModelProto, note: Note): ModelProto {
  const opsetImport = lastOpsets(proto.opsetImport, note);
  const graph = proto.graph && amendGraph(proto.graph, note);
  const same = graph === proto.graph && opsetImport === proto.opsetImport;
  return same ? proto : { ...proto, graph, opsetImport };
}

function lastOpsets(imports: OperatorSetIdProto[], note: Note): OperatorSetIdProto[] {
  const last = new Map(imports.map((entry) => [domainOf(entry), entry]));
  if (last.size === imports.length) return imports;
  for (const [domain, { version }] of last) {
    const all = imports.filter((entry) => domainOf(entry) === domain);
    if (all.length === 1) continue;
    const versions = all.map((entry) => entry.version).join(", ");
    note(`operator set ${domain} is given as ${versions}: the last one counts, ${version}`);
  }
  return [...last.values()];
}

function amendGraph(graph: GraphProto, note: Note): GraphProto {
  const fresh = once(() => makeNamer(graph));
  const walk = (scope: GraphProto): GraphProto => {
    const amended = ownNodeNames(lastWeights(scope, note), (base) => fresh()(base), note);
    const node = mapSame(amended.node, (outer) => mapSubgraphs(outer, walk));
    return node === amended.node ? amended : { ...amended, node };
  };
  return walk(graph);
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** The last weight of each name, where a Constant node comes after all initializers. */
function lastWeights(graph: GraphProto, note: Note): GraphProto {
  const last = new Map<string, unknown>();
  const twice = new Set<string>();
  const see = (name: string, value: unknown) => {
    if (last.has(name)) twice.add(name);
    last.set(name, value);
  };
  for (const tensor of graph.initializer) see(tensor.name, tensor);
  for (const node of graph.node) {
    if (node.output[0] && constantValue(node)) see(node.output[0], node);
  }
  if (twice.size === 0) return graph;
  for (const name of twice) note(`weight "${name}" is given twice: the last one counts`);
  const counts = (name: string, value: unknown) => !twice.has(name) || last.get(name) === value;
  return {
    ...graph,
    initializer: graph.initializer.filter((tensor) => counts(tensor.name, tensor)),
    node: graph.node.filter((node) => counts(node.output[0] ?? "", node) || !constantValue(node)),
  };
}

function ownNodeNames(
  graph: GraphProto,
  fresh: (base: string) => string,
  note: Note,
): GraphProto {
  const counts = new Map<string, number>();
  const rename = (node: NodeProto): NodeProto => {
    if (node.name === "") return node;
    const count = (counts.get(node.name) ?? 0) + 1;
    counts.set(node.name, count);
    return count === 1 ? node : { ...node, name: fresh(node.name) };
  };
  const node = graph.node.map(rename);
  const twice = [...counts].filter(([, count]) => count > 1);
  if (twice.length === 0) return graph;
  const [name, count] = twice[0]!;
  const others = twice.length > 1 ? `, as do ${twice.length - 1} more names` : "";
  note(
    `${count} nodes are named "${name}"${others}: each but the first gets a number behind its name`,
  );
  return { ...graph, node };
}
