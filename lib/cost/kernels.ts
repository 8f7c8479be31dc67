import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import { producers } from "../onnx/graph.ts";
import { inOrder } from "../onnx/group_order.ts";
import { decide } from "../quantize/decide.ts";
import { qconfigMapping, type Rule } from "../quantize/mapping.ts";
import { staticInt8 } from "../quantize/qconfig.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { originsOf } from "../profile/executed.ts";
import type { Extractor } from "../onnx/extract.ts";

/** Nodes that are decided upon together, since one kernel computes them. */
export interface Kernel {
  /** In order. */
  readonly nodes: readonly NodeProto[];
  /** Tensors that it reads of other kernels, and that others read of it. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/**
 * Divides the nodes of a graph into those that run as one: a Conv with its Relu in one int8 kernel, or
 * whatever the runtime fuses in float32. What is computed when the model loads is none of them, nor
 * what handles sequences: that has one form.
 *
 * @param graph With a name for each node.
 * @param values What a run gave: tells floats from other tensors.
 * @param optimized The graph after the runtime's optimization, if that can be read.
 * @returns In an order in which each comes after those it reads from.
 */
export function kernelsOf(
  graph: GraphProto,
  extractor: Extractor,
  values: ReadonlyMap<string, Tensor>,
  optimized?: GraphProto,
): Kernel[] {
  const group = new Map<NodeProto, NodeProto>();
  const leader = (node: NodeProto): NodeProto => {
    const next = group.get(node)!;
    return next === node ? node : leader(next);
  };
  const nodes = graph.node.filter((node) => !extractor.isConstant(node) && extractor.canTake(node));
  for (const node of nodes) group.set(node, node);
  const join = (members: readonly NodeProto[]) => {
    const [first, ...others] = members.filter((node) => group.has(node));
    for (const other of others) group.set(leader(other), leader(first!));
  };
  // Taken by themselves, all that could be int8 are.
  const int8Tensors = [...values].filter(([, { type }]) => type === "float32").map(([name]) =>
    name
  );
  const asked = staticInt8({ kernels: "any" });
  const rules: Rule[] = nodes.map(({ name }) => [name, asked]);
  const mapping = qconfigMapping({ default: asked, rules, int8Tensors, onUnsupported: "float32" });
  const { units } = decide(graph, mapping);
  for (const unit of units.values()) join(unit.nodes);
  if (optimized) {
    for (const { covers } of originsOf(graph, optimized).values()) join(covers);
  }
  const members = Map.groupBy(nodes, leader);
  return inOrder([...members.values()], producers(graph)).map((nodes) => ({
    nodes,
    inputs: extractor.inputsOf(nodes),
    outputs: extractor.outputsOf(nodes),
  }));
}
