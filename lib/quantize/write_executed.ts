import { allNodes, constants, producers, sortTopologically } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import { domainOf } from "../onnx/node.ts";
import type { GraphProto, NodeProto, TensorProto } from "../onnx/onnx_pb.ts";
import { byteLengthOf } from "../onnx/tensor_proto.ts";
import { originalName } from "./read_plan.ts";

/** Options for {@linkcode writeExecuted}. */
export interface WriteExecutedOptions {
  /** Bytes that computed weights may take more than what they are computed of. @default {0} */
  mayGrow?: number;
}

/**
 * Writes a model as the runtime executes it: its graph after the runtime's optimization, with the inputs
 * and outputs of the model. Weights that the runtime computes when it opens the file (from int8, or from
 * a kernel that several products share) stay as they are in the file where that is smaller.
 *
 * @param executed The graph of `model` after the runtime's optimization.
 */
export function writeExecuted(
  model: Model,
  executed: Model,
  options: WriteExecutedOptions = {},
): Model {
  const given = model.graph;
  const { tensors, nodes } = computedAtLoad(given, executed.graph, options);
  const owners = new Map([...allNodes(given)].map((node) => [node.name, node]));
  owners.delete("");
  const graph = sortTopologically({
    ...given,
    node: [...nodes, ...executed.graph.node.map((node) => underOwnName(node, owners))],
    initializer: tensors,
    sparseInitializer: executed.graph.sparseInitializer,
    valueInfo: [],
    quantizationAnnotation: [],
  });
  const domains = new Set([...allNodes(graph)].map(domainOf));
  // The runtime lists every operator set that it knows.
  const opsetImport = executed.proto.opsetImport.filter((entry) => domains.has(domainOf(entry)));
  return model.withProto({ ...model.proto, graph, opsetImport });
}

/**
 * The node under the name that it had before the runtime made it anew, by which plans and profiles know it,
 * with what was noted of it there.
 */
function underOwnName(node: NodeProto, owners: ReadonlyMap<string, NodeProto>): NodeProto {
  const owner = owners.get(originalName(node.name, owners));
  if (!owner) return node;
  const { name, docString, metadataProps } = owner;
  return { ...node, name, docString, metadataProps };
}

/** The constants of a graph that is written, with the nodes that compute others from them. */
interface Constants {
  readonly tensors: TensorProto[];
  readonly nodes: readonly NodeProto[];
}

/** What the runtime folded, as it was in the file where that is smaller and no little thing. */
function computedAtLoad(
  given: GraphProto,
  executed: GraphProto,
  { mayGrow = 0 }: WriteExecutedOptions,
): Constants {
  const known = constants(given);
  const makers = producers(given);
  const present = new Set(executed.initializer.map(({ name }) => name));
  const recipes = executed.initializer.flatMap((tensor) => {
    if (known.has(tensor.name)) return [];
    const recipe = recipeOf(tensor, known, makers);
    return recipe ? [{ ...recipe, sources: without(present, recipe.sources) }] : [];
  });
  const smaller = sharing(recipes).filter((group) => growth(group, group) > 0).flat();
  const computed = withoutLittle(smaller, mayGrow);
  const nodes = new Set(computed.flatMap((recipe) => [...recipe.nodes]));
  // One node may make several: where it stays for one of them, it makes them all.
  const gone = new Set([...nodes].flatMap(({ output }) => output));
  const kept = executed.initializer.filter(({ name }) => !gone.has(name));
  const sources = new Map(computed.flatMap((recipe) => [...recipe.sources]));
  return {
    tensors: [...kept, ...[...sources].map(([name, tensor]) => ({ ...tensor, name }))],
    nodes: given.node.filter((node) => nodes.has(node)),
  };
}

/** How a tensor is made of constants. */
interface Recipe {
  readonly tensor: TensorProto;
  readonly nodes: ReadonlySet<NodeProto>;
  /** By name. */
  readonly sources: ReadonlyMap<string, TensorProto>;
}

/** How the model makes a tensor of constants; undefined if it does not. */
function recipeOf(
  tensor: TensorProto,
  known: ReadonlyMap<string, TensorProto>,
  makers: ReadonlyMap<string, NodeProto>,
): Recipe | undefined {
  const nodes = new Set<NodeProto>();
  const sources = new Map<string, TensorProto>();
  const wanted = new Set([tensor.name]);
  for (const name of wanted) { // grows meanwhile
    const source = known.get(name);
    if (source) {
      sources.set(name, source);
      continue;
    }
    const maker = makers.get(name);
    if (!maker || maker.input.length === 0) return undefined;
    nodes.add(maker);
    for (const input of maker.input) if (input !== "") wanted.add(input);
  }
  return { tensor, nodes, sources };
}

/** Sources that are not written in any case. */
function without(
  present: ReadonlySet<string>,
  sources: ReadonlyMap<string, TensorProto>,
): Map<string, TensorProto> {
  return new Map([...sources].filter(([name]) => !present.has(name)));
}

/** Recipes in groups of those that share a source, directly or through others. */
function sharing(recipes: readonly Recipe[]): Recipe[][] {
  const groupOf = new Map<string, Recipe[]>();
  const groups = new Set<Recipe[]>();
  for (const recipe of recipes) {
    const joined = new Set(
      recipe.sources.keys().map((name) => groupOf.get(name)).filter((group) => group !== undefined),
    );
    const group = [...[...joined].flat(), recipe];
    for (const old of joined) groups.delete(old);
    groups.add(group);
    for (const { sources } of group) for (const name of sources.keys()) groupOf.set(name, group);
  }
  return [...groups];
}

/**
 * Bytes by which the file grows where the tensors of some recipes are written themselves, and those sources
 * go that only they read.
 *
 * @param all Recipes that are there before.
 */
function growth(some: readonly Recipe[], all: readonly Recipe[]): number {
  const left = new Set(all);
  for (const recipe of some) left.delete(recipe);
  const read = new Set([...left].flatMap(({ sources }) => [...sources.keys()]));
  const freed = new Map(some.flatMap(({ sources }) => [...sources]));
  for (const name of read) freed.delete(name);
  return sum(some.map(({ tensor }) => tensor)) - sum([...freed.values()]);
}

/**
 * Recipes without those that are not worth their nodes: the ones by whose tensors the file grows least
 * for each node that goes.
 *
 * @param mayGrow Bytes by which it may grow in all.
 */
function withoutLittle(recipes: readonly Recipe[], mayGrow: number): readonly Recipe[] {
  const price = (recipe: Recipe) => growth([recipe], [recipe]) / recipe.nodes.size;
  let left = recipes;
  let room = mayGrow;
  for (const recipe of recipes.toSorted((a, b) => price(a) - price(b))) {
    const grown = growth([recipe], left);
    if (grown > room) continue;
    room -= grown;
    left = left.filter((one) => one !== recipe);
  }
  return left;
}

function sum(tensors: readonly TensorProto[]): number {
  return tensors.reduce((total, tensor) => total + byteLengthOf(tensor), 0);
}
