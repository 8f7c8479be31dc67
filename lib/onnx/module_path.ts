import { constants, consumers, subgraphs } from "./graph.ts";
import type { GraphProto, NodeProto } from "./onnx_pb.ts";

/**
 * The PyTorch module each node came from, of a graph and of the bodies in it: `trunk.layer1.0.conv1`,
 * "" where nothing tells. Taken, in this order, from
 *
 * 1. the scopes that torch's dynamo exporter keeps in the metadata of a node; unless the node has weights
 *    of its own that are named after another module. The exporter folds a BatchNorm into the Conv before
 *    it, and leaves that Conv the BatchNorm's scopes: see {@linkcode exportedPath};
 * 2. the name of the node, which other exporters build from scopes: `/front3D/front3D.0/Conv`. The
 *    scope of a child repeats its parent if that is a list (`front3D.0` in `front3D`): said once;
 * 3. the names of its weights, `layer1.0.conv1.weight`, also through what prepares them (slices,
 *    transposes, DequantizeLinear).
 *
 * A module that is called more than once has numbered scopes from the second call on (`relu`,
 * `relu_1`), which are left as they are: nothing tells them from modules of that name. Scopes of other
 * frameworks (`model/dense/MatMul`) are taken for modules just so.
 */
export function modulePaths(graph: GraphProto): Map<NodeProto, string> {
  const paths = new Map<NodeProto, string>();
  collect(graph, new Map(), paths);
  return paths;
}

/**
 * The path in a node's name: its scopes without the last part, which is the operator.
 *
 * @example
 * ```ts
 * import { scopePath } from "./module_path.ts";
 * import assert from "node:assert/strict";
 * assert.equal(scopePath("/trunk/layer1/layer1.0/conv1/Conv"), "trunk.layer1.0.conv1");
 * assert.equal(scopePath("Conv_12"), "");
 * ```
 */
export function scopePath(name: string): string {
  // TensorFlow joins the names of fused operations by semicolons; the first is as good as any.
  const scopes = name.split(";")[0]!.split("/").slice(0, -1).filter((scope) => scope !== "");
  const kept = scopes.filter((scope, i) => !scopes[i + 1]?.startsWith(`${scope}.`));
  return kept.join(".");
}

function collect(
  graph: GraphProto,
  outerModules: ReadonlyMap<string, string>,
  paths: Map<NodeProto, string>,
) {
  // Module of each constant value, and of each value made from constants alone.
  const modules = new Map(outerModules);
  for (const name of constants(graph).keys()) modules.set(name, parameterModule(name));
  for (const node of graph.node) {
    if (node.input.length === 0 || !node.input.every((name) => name === "" || modules.has(name))) {
      continue;
    }
    const module = firstModule(node.input, modules);
    for (const name of node.output) if (!modules.has(name)) modules.set(name, module);
  }
  const readers = consumers(graph);
  /** Whether a node alone reads weights of a module that is not the exported one, around it or in it. */
  const ownsAnother = ({ input }: NodeProto, exported: string): boolean => {
    const own = input.find((name) => modules.get(name) && readers.get(name)?.length === 1);
    const weights = modules.get(own ?? "");
    return weights !== undefined && weights !== exported &&
      !weights.startsWith(`${exported}.`) && !exported.startsWith(`${weights}.`);
  };
  for (const node of graph.node) {
    const exported = exportedPath(node);
    const weights = firstModule(node.input, modules);
    const path = exported && weights && ownsAnother(node, exported)
      ? weights
      : exported || scopePath(node.name) || weights;
    paths.set(node, path);
    // Bodies see the weights of the graphs around them.
    for (const body of subgraphs(node)) collect(body, modules, paths);
  }
}

function firstModule(names: readonly string[], modules: ReadonlyMap<string, string>): string {
  for (const name of names) {
    const module = modules.get(name);
    if (module) return module;
  }
  return "";
}

/** `layer1.0.conv1` of `layer1.0.conv1.weight`; "" for names that are not those of parameters. */
function parameterModule(name: string): string {
  // Exporters name what they fold `onnx::Conv_123`, and paths of nodes hold slashes.
  return /^[A-Za-z_]\w*(\.\w+)+$/.test(name) ? name.slice(0, name.lastIndexOf(".")) : "";
}

/** What torch's exporter notes as the module of what it computes by itself, such as lengths of inputs. */
const NO_MODULE = "_empty_nn_module_stack";

/**
 * The innermost module that torch's dynamo exporter notes, "" where it notes none: a Python list of the
 * scopes by full name, from the network itself ("") down to the operation. Of a Conv with a folded
 * BatchNorm it is the BatchNorm, which {@linkcode modulePaths} does not go by.
 */
export function exportedPath(node: NodeProto): string {
  const scopes = node.metadataProps.find(({ key }) => key === "pkg.torch.onnx.name_scopes")?.value;
  if (scopes === undefined) return "";
  const names = [...scopes.matchAll(/'([^']*)'|"([^"]*)"/g)].map((match) => match[1] ?? match[2]!);
  const module = names.at(-2) ?? "";
  return module.startsWith(NO_MODULE) ? "" : module;
}
