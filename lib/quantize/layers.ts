import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import { partTitle } from "../report/plan_parts.ts";
import type { Decisions } from "./decide.ts";
import type { GraphFacts } from "./graph_facts.ts";
import { STATIC_OPERATORS } from "./operators.ts";
import { storableWeights } from "./weight_only.ts";

/**
 * Nodes whose form is decided together: what one int8 kernel computes, or all of a module.
 * @category Studies (advanced)
 */
export interface Layer {
  /** Name of its node, or its module path; unique. */
  readonly name: string;
  /** Module path, "" where there is none. */
  readonly path: string;
  /** The part of a transformer that it is in, with its layer: `attention 0`; absent of other layers. */
  readonly part?: string;
  /** Operators in order, e.g. `Conv`, `Relu`. */
  readonly ops: readonly string[];
  /** Names of the nodes, in order. */
  readonly nodes: readonly string[];
}

/**
 * The name of the layer that some nodes are: that of the node which computes (a Conv, Gemm or MatMul),
 * else of the first that has weights, else of the first of all. Pieces of a Conv that was written as
 * matrix products are that Conv, and the phases of a ConvTranspose are that ConvTranspose. A layer so has one name in every exact form of a network.
 *
 * @param nodes One or more, in order, with a name for each.
 * @param facts Of the graph that they are in.
 * @param rewritten Names of the Conv and ConvTranspose nodes that were written otherwise.
 * @example
 * ```ts
 * import { layerName } from "./layers.ts";
 * import { graphFacts } from "./graph_facts.ts";
 * import { parseGraph } from "../onnx/text.ts";
 * import assert from "node:assert/strict";
 * const graph = parseGraph(`graph g
 *   input x float32[1, 4]
 *   output y float32[1, 4]
 *   p = Relu(x) @ relu1
 *   m = MatMul(p, w) @ /head/MatMul
 *   y = Add(m, b) @ /head/Add`);
 * assert.equal(layerName(graph.node, graphFacts(graph)), "/head/MatMul");
 * ```
 */
export function layerName(
  nodes: readonly NodeProto[],
  facts: GraphFacts,
  rewritten: readonly string[] = [],
): string {
  const node = nodes.find(({ opType }) => STATIC_OPERATORS.get(opType)?.role === "compute") ??
    nodes.find((node) => storableWeights(node, facts).length > 0) ?? nodes[0]!;
  return rewritten.find((conv) => isPieceOf(conv, node)) ?? node.name;
}

/** Whether a node has the name of one that was written in the place of a Conv or ConvTranspose. */
function isPieceOf(conv: string, { name, opType }: NodeProto): boolean {
  // Beside `/a/conv/Conv` stands `/a/conv/Gemm`; where the name has no scope, it is the scope.
  const hasScope = /[^/]\/[^/]*$/.test(conv);
  const scope = hasScope ? conv.replace(/[^/]*$/, "") : `${conv.replaceAll("/", "_")}_`;
  // A Conv is a piece of a ConvTranspose alone, see `convTransposeToConv()`.
  const own = scope + (opType === "Conv" ? "Phase" : opType);
  return name.startsWith(own) && /^(_\d+)*$/.test(name.slice(own.length));
}

/** Names of the Conv and ConvTranspose nodes of a network that are not there any more in an exact form of it. */
export function rewrittenConvs(before: GraphProto, after: GraphProto): string[] {
  const left = new Set(after.node.map(({ name }) => name));
  const convs = before.node.filter(({ opType }) => opType === "Conv" || opType === "ConvTranspose");
  return convs.map(({ name }) => name).filter((name) => !left.has(name));
}

/**
 * The layers of a network that a mapping makes int8: each node that computes, with what its kernel takes
 * in (a Relu, a bias). Nodes that follow their neighbours (MaxPool, Reshape, Add) are int8 where these
 * are and are no layers of their own. Nodes in bodies are layers too; those of one name are one.
 *
 * @param decisions On the network with a name for each node.
 * @param rewritten See {@linkcode layerName}.
 */
export function int8Layers(
  { all, units, facts }: Decisions,
  rewritten: readonly string[] = [],
): Layer[] {
  const parts = all.flatMap(({ node, applied, inBody, identity, anchor }): Layer[] => {
    const { path } = identity;
    const part = identity.part && { part: partTitle(identity) };
    if (anchor || applied.kind === "float32") return [];
    if (inBody) {
      return [{ name: identity.name, path, ...part, ops: [node.opType], nodes: [identity.name] }];
    }
    const unit = units.get(node);
    if (applied.kind === "static" && unit?.operator.role !== "compute") return [];
    const nodes = applied.kind === "static" ? unit!.nodes : [node];
    return [{
      name: layerName(nodes, facts, rewritten),
      path,
      ...part,
      ops: nodes.map(({ opType }) => opType),
      nodes: nodes.map(({ name }) => name),
    }];
  });
  return [...Map.groupBy(parts, ({ name }) => name)].map(([name, pieces]) => ({
    ...joined(name, pieces[0]!.path, pieces),
    ...partOf(pieces),
  }));
}

/**
 * Joins the layers of each module down to a depth: at depth 2 `trunk.layer1.0.conv1` and
 * `trunk.layer1.1.conv1` are both of `trunk.layer1`. Layers without a path stay alone.
 *
 * @param depth @default {the whole path}
 */
export function joinByPath(layers: readonly Layer[], depth = Infinity): Layer[] {
  const moduleOf = ({ path, name }: Layer) => path.split(".").slice(0, depth).join(".") || name;
  return [...Map.groupBy(layers, moduleOf)].map(([name, members]) =>
    members.length === 1 ? members[0]! : joined(name, name, members)
  );
}

/** Joins the layers of each part of a transformer; those in none stay alone. */
export function joinByPart(layers: readonly Layer[]): Layer[] {
  return [...Map.groupBy(layers, ({ part, name }) => part ?? name)].map(([name, members]) =>
    members[0]!.part === undefined
      ? members[0]!
      : { ...joined(name, members.length === 1 ? members[0]!.path : "", members), part: name }
  );
}

/** The part of a layer that was in pieces. */
function partOf([first]: readonly Layer[]): Pick<Layer, "part"> {
  return first?.part === undefined ? {} : { part: first.part };
}

function joined(name: string, path: string, layers: readonly Layer[]): Layer {
  return {
    name,
    path,
    ops: layers.flatMap(({ ops }) => ops),
    nodes: layers.flatMap(({ nodes }) => nodes),
  };
}
