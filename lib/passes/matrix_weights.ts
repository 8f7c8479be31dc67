import { isStandard } from "../onnx/node.ts";
import type { GraphProto } from "../onnx/onnx_pb.ts";
import { Parameters } from "./parameters.ts";
import { type PassContext, rootContext, visibleRanks } from "./pass.ts";

/**
 * Has a MatMul read its constant as the matrix that it is, without axes of 1 before, where the value has as
 * many axes: the kernels have a scale for each column of a matrix, and a single one for a stack.
 */
export function matrixWeights(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
): GraphProto {
  if (!graph.node.some(({ opType }) => opType === "MatMul")) return graph;
  const parameters = new Parameters(graph, context);
  let ranks: ReadonlyMap<string, number> | undefined;
  const nodes = graph.node.map((node) => {
    if (node.opType !== "MatMul" || !isStandard(node)) return node;
    const [x = "", w = ""] = node.input;
    const weight = parameters.read(w);
    if (!weight || weight.dims.length < 3) return node;
    const dims = weight.dims.slice(-2);
    if (weight.dims.slice(0, -2).some((dim) => dim !== 1)) return node;
    ranks ??= visibleRanks(graph, context);
    if ((ranks.get(x) ?? 0) < weight.dims.length) return node;
    const plain = { ...node, input: [x, parameters.replace(w, { ...weight, dims }, node)] };
    context.origins.inherit(plain, node);
    return plain;
  });
  return parameters.apply(nodes);
}
