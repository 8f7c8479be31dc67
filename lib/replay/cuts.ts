import { create } from "@bufbuild/protobuf";
import { consumers, graphInputs, makeNamer, producers } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import { makeNode } from "../onnx/node.ts";
import { type GraphProto, GraphProtoSchema, type ValueInfoProto } from "../onnx/onnx_pb.ts";
import { nonTensors } from "../onnx/non_tensors.ts";
import { withOutputs } from "../onnx/outputs.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { type Suffix, suffixOf } from "./suffix.ts";

/**
 * Tensors at which a network can be cut without a change to what the runtime makes of either part, with
 * what the runtime knows of their types and shapes: those that survive its optimization, for nothing
 * is fused across them, and what leaves a QuantizeLinear, which is where int8 kernels end. What enters
 * one through DequantizeLinear is not among them: without it the kernel would be another. Nor is what
 * only moves values: to move them again costs less than to keep them, and a convolution written as a
 * matrix product repeats each of them many times.
 *
 * Where this build of the runtime does not tell what it fuses, a network is cut only at its inputs.
 */
export async function cutsOf(
  model: Model,
  runtime: Runtime,
): Promise<ReadonlyMap<string, ValueInfoProto>> {
  const { graph } = model;
  const inputs = graphInputs(graph).map((info) => [info.name, info] as const);
  const optimized = await runtime.optimized(model);
  if (!optimized) return new Map(inputs);
  const survives = new Set(optimized.graph.node.flatMap(({ output }) => output));
  const constants = new Set(optimized.graph.initializer.map(({ name }) => name));
  const others = nonTensors(graph);
  const names = [...producers(graph)].filter(([name, { opType }]) =>
    opType === "QuantizeLinear"
      ? !constants.has(name)
      : !NOT_AFTER.has(opType) && !others.has(name) && survives.has(name)
  ).map(([name]) => name);
  return new Map([...inputs, ...await typesOf(model, names, runtime)]);
}

/** What the runtime knows of the types and shapes of some values, where it knows anything. */
async function typesOf(
  model: Model,
  [first, ...others]: readonly string[],
  runtime: Runtime,
): Promise<[string, ValueInfoProto][]> {
  if (first === undefined) return [];
  const { graph } = model;
  // A graph in which it has nothing to optimize it gives back as it came, without the types that it
  // inferred: the first of two Identity nodes is something.
  const fresh = makeNamer(graph);
  const [one, two] = [fresh("octavo_identity"), fresh("octavo_identity")];
  const idle = [makeNode("Identity", [first], [one]), makeNode("Identity", [one], [two])];
  const changed = model.withGraph({ ...graph, node: [...graph.node, ...idle] });
  const tapped = await runtime.optimized(withOutputs(changed, [first, ...others, two]));
  const known = new Map(tapped!.graph.output.map((info) => [info.name, info]));
  return [first, ...others].flatMap((name) => {
    const info = known.get(name);
    return info?.type ? [[name, info] as [string, ValueInfoProto]] : [];
  });
}

const NOT_AFTER: ReadonlySet<string> = new Set([
  "DequantizeLinear",
  "Expand",
  "Flatten",
  "Gather",
  "Identity",
  "Pad",
  "Reshape",
  "Slice",
  "Squeeze",
  "Tile",
  "Transpose",
  "Unsqueeze",
]);

/** What has to run of a changed network, as a model of its own. */
export interface CutModel {
  readonly model: Model;
  readonly suffix: Suffix;
}

/**
 * Makes a model of what has to run of a changed network.
 *
 * @param cuts Tensors of the unchanged network at which it can be cut, as the runtime knows them. More
 * must not be said of their shapes: the runtime fuses more where it knows more, and sums in another
 * order then.
 */
export function cutModel(
  base: Model,
  changed: Model,
  cuts: ReadonlyMap<string, ValueInfoProto>,
): CutModel {
  const isFused = fusedWithSum(changed.graph);
  const suffix = suffixOf(base.graph, changed.graph, (name) => cuts.has(name) && !isFused(name));
  const graph = create(GraphProtoSchema, {
    name: changed.graph.name,
    node: [...suffix.nodes],
    initializer: [...suffix.initializers],
    input: suffix.reads.map((name) => cuts.get(name)!),
    output: changed.graph.output.filter(({ name }) => suffix.outputs.includes(name)),
  });
  return { model: changed.withGraph(graph), suffix };
}

/**
 * Whether the runtime may fuse the Conv that gives a value with the Add that reads it. Of two Conv under
 * an Add it takes one; if that one changes it takes the other, and sums in another order.
 */
function fusedWithSum(graph: GraphProto): (name: string) => boolean {
  const makers = producers(graph);
  const readers = consumers(graph);
  return (name) => {
    const [reader, ...others] = readers.get(name) ?? [];
    return makers.get(name)?.opType === "Conv" && reader?.opType === "Add" && others.length === 0;
  };
}
