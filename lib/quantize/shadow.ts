import { producers, removeDeadNodes, subgraphs } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import { makeNode } from "../onnx/node.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import { withOutputs } from "../onnx/outputs.ts";
import { makeTensorProto } from "../onnx/tensor_proto.ts";

/** What one node gives in float32 and in int8, to be compared channel by channel. */
export interface ShadowedNode {
  /** Name of the node, in both models. */
  readonly name: string;
  readonly channels: number;
  /** Dimensions of its result, channels at axis 1; undefined if they are at the end of any number. */
  readonly rank?: number;
}

/** A float32 network with its int8 nodes beside it. */
export interface Shadow {
  readonly model: Model;
  /** For each node, the output that holds the mean error of each of its channels. */
  readonly outputs: ReadonlyMap<string, string>;
}

/**
 * Puts each int8 node beside its float32 original: it reads what float32 gives, quantized, and so makes
 * the errors of its own weights and of the rounding and clipping of its own inputs, none of those made
 * before it. One run of the whole shows what every node does by itself, and a correction of one does
 * not undo that of the next. What is given back is small: per node and channel the mean of int8 minus
 * float32, taken in the graph.
 *
 * @param int8 What `convert()` made of the nodes of `float32` as QDQ, of the same opset.
 */
export function shadow(float32: Model, int8: Model, nodes: readonly ShadowedNode[]): Shadow {
  const makers = producers(float32.graph);
  const given = new Set([...makers.keys(), ...float32.graph.input.map(({ name }) => name)]);
  const { graph, renamed } = besides(int8.graph, given);
  const [floatNodes, int8Nodes] = [float32.graph, int8.graph].map(byName) as [Named, Named];
  const added: NodeProto[] = [];
  const shapes: GraphProto["initializer"] = [];
  const outputs = new Map<string, string>();
  for (const { name, channels, rank } of nodes) {
    const [own, other] = [floatNodes.get(name)?.output[0], int8Nodes.get(name)?.output[0]];
    if (own === undefined || other === undefined) continue;
    let error = `${PREFIX}error of ${name}`;
    added.push(makeNode("Sub", [renamed(other), own], [error]));
    if (rank === undefined) { // any dimensions before the channels are one
      const [from, shape] = [error, `${PREFIX}shape of ${name}`];
      const data = BigInt64Array.of(-1n, BigInt(channels));
      shapes.push(makeTensorProto(shape, { type: "int64", dims: [2], data }));
      added.push(makeNode("Reshape", [from, shape], [error = `${from}, flat`]));
    }
    const axes = Array.from({ length: rank ?? 2 }, (_, axis) => axis).filter((axis) => axis !== 1);
    const mean = `${PREFIX}mean error of ${name}`;
    added.push(...reduceMean(error, mean, axes, float32.opset, shapes));
    outputs.set(name, mean);
  }
  const both = float32.withGraph({
    ...float32.graph,
    node: [...float32.graph.node, ...graph.node, ...added],
    initializer: [...float32.graph.initializer, ...graph.initializer, ...shapes],
  });
  // The outputs of the network stay for streams, whose state is fed back.
  const model = withOutputs(both, outputs.values(), "float32");
  return { model: model.withGraph(removeDeadNodes(model.graph)), outputs };
}

/** Before the names of all that does not belong to the float32 network. */
const PREFIX = "int8: ";

type Named = ReadonlyMap<string, NodeProto>;

function byName(graph: GraphProto): Named {
  return new Map(graph.node.map((node) => [node.name, node]));
}

/** An int8 graph under names of its own, whose QuantizeLinear nodes read values of float32. */
function besides(
  graph: GraphProto,
  float32: ReadonlySet<string>,
): { graph: GraphProto; renamed: (name: string) => string } {
  const names = new Set(graph.initializer.map(({ name }) => name));
  for (const node of graph.node) {
    // A body reads names from around it; what holds one is read as float32 has it.
    if (subgraphs(node).length === 0) { for (const name of node.output) names.add(name); }
  }
  const renamed = (name: string) => names.has(name) ? PREFIX + name : name;
  const dequantized = new Map(
    graph.node.filter(({ opType, output }) =>
      opType === "DequantizeLinear" && float32.has(output[0]!)
    ).map(({ input, output }) => [input[0]!, output[0]!]),
  );
  const node = graph.node.filter((node) => subgraphs(node).length === 0).map((node) => {
    const input = node.input.map(renamed);
    if (node.opType === "QuantizeLinear") {
      const [from] = node.input as [string];
      // What leaves an int8 node is called as in float32 once it is dequantized.
      const original = float32.has(from) ? from : dequantized.get(node.output[0]!);
      if (original !== undefined) input[0] = original;
    }
    const name = node.name && PREFIX + node.name;
    return { ...node, name, input, output: node.output.map(renamed) };
  });
  const initializer = graph.initializer.map((one) => ({ ...one, name: renamed(one.name) }));
  return { graph: { ...graph, node, initializer }, renamed };
}

/** The axes of a ReduceMean are an attribute until opset 17, an input since. */
function reduceMean(
  from: string,
  to: string,
  axes: readonly number[],
  opset: number,
  constants: GraphProto["initializer"],
): NodeProto[] {
  if (opset < 18) return [makeNode("ReduceMean", [from], [to], { axes, keepdims: 0 })];
  const name = `${to}, axes`;
  const data = BigInt64Array.from(axes, BigInt);
  constants.push(makeTensorProto(name, { type: "int64", dims: [axes.length], data }));
  return [makeNode("ReduceMean", [from, name], [to], { keepdims: 0 })];
}
