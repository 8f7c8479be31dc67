import { producers, removeDeadNodes } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import { makeNode } from "../onnx/node.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";

/**
 * Gives the layers of an int8 network their float32 weights back, so that their activations alone are
 * rounded. A `Sum` of one input keeps the runtime from rounding the weights by itself, as it does to
 * what stands between DequantizeLinear and QuantizeLinear.
 *
 * @param quantized In QDQ form, made from `float32`.
 */
export function activationsOnly(quantized: Model, float32: Model): Model {
  const { graph } = quantized;
  const makers = producers(graph);
  const initializers = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const before = new Map(float32.graph.node.map((node) => [node.name, node]));
  const isInteger = (name: string) => {
    const maker = makers.get(name);
    return maker?.opType === "DequantizeLinear" && initializers.has(maker.input[0]!);
  };
  const weights = float32.graph.initializer.filter(({ name }) => !initializers.has(name));
  const node = graph.node.flatMap((node): NodeProto[] => {
    const original = before.get(node.name);
    if (!original || !node.input.some(isInteger)) return [node];
    const fence = `${node.output[0]}_activations_only`;
    const input = node.input.map((name, i) => {
      if (isInteger(name)) return original.input[i] ?? name;
      return makers.get(name)?.opType === "DequantizeLinear" ? fence : name;
    });
    const from = node.input.find((_, i) => input[i] === fence);
    const changed = { ...node, input };
    return from === undefined ? [changed] : [makeNode("Sum", [from], [fence]), changed];
  });
  return quantized.withGraph(
    removeDeadNodes({ ...graph, node, initializer: [...graph.initializer, ...weights] }),
  );
}
