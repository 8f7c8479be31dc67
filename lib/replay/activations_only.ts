import { producers, removeDeadNodes } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import { makeNode } from "../onnx/node.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";

/**
 * Gives the layers of an int8 network their float32 weights back, so that only their activations are
 * rounded. A `Sum` of one input keeps the runtime from rounding the weights by itself, as it does to
 * what stands between DequantizeLinear and QuantizeLinear.
 *
 * @param quantized In QDQ form, made from `float32`, so that nodes have the names that they have there.
 */
export function activationsOnly(quantized: Model, float32: Model): Model {
  const { graph } = quantized;
  const makers = producers(graph);
  const isDequantized = (name: string) => makers.get(name)?.opType === "DequantizeLinear";
  const constants = new Set(graph.initializer.map(({ name }) => name));
  const isWeight = (name: string) =>
    isDequantized(name) && constants.has(makers.get(name)!.input[0]!);
  const originals = new Map(float32.graph.node.map((node) => [node.name, node]));
  const node = graph.node.flatMap((node): NodeProto[] => {
    const original = originals.get(node.name);
    if (!original || !node.input.some(isWeight)) return [node];
    const barriers: NodeProto[] = [];
    const input = node.input.map((name, i) => {
      if (isWeight(name)) return original.input[i] ?? name;
      if (!isDequantized(name)) return name;
      const barrier = `${node.output[0]}_activations_only_${i}`;
      barriers.push(makeNode("Sum", [name], [barrier]));
      return barrier;
    });
    return [...barriers, { ...node, input }];
  });
  const weights = float32.graph.initializer.filter(({ name }) => !constants.has(name));
  return quantized.withGraph(
    removeDeadNodes({ ...graph, node, initializer: [...graph.initializer, ...weights] }),
  );
}
