import type { Decisions } from "./decide.ts";
import type { Decision } from "./decision.ts";

/** Nodes whose form is decided together: what one int8 kernel computes, or all of a module. */
export interface Layer {
  /** Name of the node that computes, or the module path; unique. */
  readonly name: string;
  /** Module path, "" where there is none. */
  readonly path: string;
  /** Operators in order, e.g. `Conv`, `Relu`. */
  readonly ops: readonly string[];
  /** Names of the nodes, in order. */
  readonly nodes: readonly string[];
}

/**
 * The layers of a network that a mapping makes int8: each node that computes, with what its kernel takes
 * in (a Relu, a bias). Nodes that follow their neighbours (MaxPool, Reshape, Add) are int8 where these
 * are and are no layers of their own.
 *
 * @param decisions On the network with a name for each node.
 */
export function int8Layers({ all, units }: Decisions): Layer[] {
  return all.flatMap((decision): Layer[] => {
    const { node, applied, inBody, identity, anchor } = decision;
    if (inBody || anchor || applied.kind === "float32") return [];
    if (applied.kind !== "static") return [layerOf(identity, [node])];
    const unit = units.get(node);
    return unit?.operator.role === "compute" ? [layerOf(identity, unit.nodes)] : [];
  });
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
    members.length === 1 ? members[0]! : {
      name,
      path: name,
      ops: members.flatMap(({ ops }) => ops),
      nodes: members.flatMap(({ nodes }) => nodes),
    }
  );
}

function layerOf({ name, path }: Decision["identity"], nodes: readonly Decision["node"][]): Layer {
  return {
    name,
    path,
    ops: nodes.map(({ opType }) => opType),
    nodes: nodes.map((node) => node.name),
  };
}
