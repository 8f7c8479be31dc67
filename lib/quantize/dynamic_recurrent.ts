import type { GraphProto, NodeProto, TensorProto } from "../onnx/onnx_pb.ts";
import { lowerGru } from "../passes/lower_gru.ts";
import { whyNotLowered } from "../passes/lower_recurrent.ts";
import { lowerRnn } from "../passes/lower_rnn.ts";
import { everywhere, rootContext } from "../passes/pass.ts";
import type { GraphFacts } from "./graph_facts.ts";
import { weightObstacle } from "./read_weights.ts";

/** Why a GRU or RNN cannot be dynamic, if so. */
export function recurrentObstacle(node: NodeProto, facts: GraphFacts): string | undefined {
  const obstacle = weightObstacle(node.input[1], facts) ?? weightObstacle(node.input[2], facts);
  if (obstacle) return obstacle;
  const constants = new Map<string, TensorProto>();
  for (const name of node.input) {
    const tensor = facts.constant(name);
    if (tensor) constants.set(name, tensor);
  }
  return whyNotLowered(node, constants);
}

/**
 * Rewrites GRU and RNN layers, for which no runtime has an int8 kernel, into a MatMul over all steps
 * and a Scan over the recurrent part. The MatMuls are left to be made dynamic.
 *
 * @returns The graph, and for each MatMul that came of a layer the layer it came of.
 */
export function lowerLayers(
  graph: GraphProto,
  layers: ReadonlySet<NodeProto>,
): { graph: GraphProto; layerOf: (node: NodeProto) => NodeProto | undefined } {
  const select = (node: NodeProto) => layers.has(node);
  const context = rootContext(graph);
  const lowered = [lowerGru, lowerRnn].reduce(
    (graph, lower) =>
      everywhere((graph, context) => lower(graph, context, { select }))(graph, context),
    graph,
  );
  const names = new Map([...layers].map((layer) => [layer.name, layer]));
  return {
    graph: lowered,
    // The rewrite names what it makes after the layer: `gru/input/MatMul`, `gru/recurrent/MatMul`.
    layerOf: ({ name, opType }) =>
      opType === "MatMul"
        ? names.get(name.replace(/\/(input|recurrent)\/MatMul(_\d+)?$/, ""))
        : undefined,
  };
}
