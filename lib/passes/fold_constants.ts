import type { GraphProto, TensorProto } from "../onnx/onnx_pb.ts";
import { byteLengthOf, makeTensorProto, readTensorProto } from "../onnx/tensor_proto.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { canEvaluate, evaluateNode, isPlain } from "./evaluate/evaluate_node.ts";
import { type PassContext, rootContext, visibleConstants } from "./pass.ts";

/**
 * Computes what depends on constants alone and stores it as initializers, under the names that the
 * nodes gave it: weights that an exporter slices and joins, shapes, tables. A result may exceed its
 * inputs by `context.maxGrowth` bytes, or the node stays for the runtime to compute.
 */
export function foldConstants(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
): GraphProto {
  const constants = visibleConstants(graph, context);
  const outputs = new Set(graph.output.map(({ name }) => name));
  const folded: TensorProto[] = [];
  const node = graph.node.filter((candidate) => {
    if (!canEvaluate(candidate) || candidate.input.length === 0) return true;
    if (candidate.output.some((name) => outputs.has(name))) return true;
    const inputs: (Tensor | undefined)[] = [];
    let maxBytes = context.maxGrowth;
    for (const name of candidate.input) {
      const stored = constants.get(name);
      if (name === "") inputs.push(undefined);
      else if (!stored || !isPlain(stored.dataType)) return true;
      else {
        inputs.push(readTensorProto(stored));
        maxBytes += byteLengthOf(stored);
      }
    }
    const results = evaluateNode(candidate, inputs, maxBytes);
    if (!results) return true;
    candidate.output.forEach((name, index) => {
      const result = results[index];
      if (name === "" || !result) return;
      const tensor = makeTensorProto(name, result);
      constants.set(name, tensor);
      folded.push(tensor);
    });
    return false;
  });
  if (folded.length === 0) return graph;
  return { ...graph, node, initializer: [...graph.initializer, ...folded] };
}
