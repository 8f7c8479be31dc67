import { consumers, pinned } from "../onnx/graph.ts";
import { isStandard, makeNode } from "../onnx/node.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import { isArithmetic } from "./channel_affine.ts";
import { Parameters } from "./parameters.ts";
import { type PassContext, rootContext, visibleRanks } from "./pass.ts";
import { OPTIONAL_BIAS } from "./plain_gemm.ts";

/**
 * Makes one Gemm of a MatMul by a constant matrix and the Add of a constant bias after it, where the
 * input is known to have two dimensions: a Gemm takes no more.
 */
export function matMulAddToGemm(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
): GraphProto {
  if (!graph.node.some(({ opType }) => opType === "MatMul")) return graph;
  const parameters = new Parameters(graph, context);
  const ranks = visibleRanks(graph, context);
  const readers = consumers(graph);
  const kept = pinned(graph);
  const gone = new Set<NodeProto>();
  const nodes = graph.node.map((matMul) => {
    if (matMul.opType !== "MatMul" || !isStandard(matMul)) return matMul;
    const [x = "", w = ""] = matMul.input;
    const [product = ""] = matMul.output;
    const weight = parameters.read(w);
    if (weight?.dims.length !== 2 || ranks.get(x) !== 2 || kept.has(product)) return matMul;
    const [add, ...others] = readers.get(product) ?? [];
    if (add?.opType !== "Add" || others.length > 0) return matMul;
    if (!isStandard(add) || !isArithmetic(add)) return matMul;
    const biasName = add.input.find((name) => name !== product);
    const bias = parameters.read(biasName);
    if (!bias || bias.dims.length > 2 || (bias.dims.at(-2) ?? 1) !== 1) return matMul;
    // plainGemm() takes a mask of -Infinity out again, which leaves a Gemm that no runtime merges with it.
    if (context.opset < OPTIONAL_BIAS && !bias.data.every(Number.isFinite)) return matMul;
    const columns = bias.dims.at(-1) ?? 1;
    if (columns !== 1 && columns !== weight.dims[1]) return matMul; // the Add widens the product
    const gemm = makeNode("Gemm", [x, w, biasName!], add.output, {}, {
      name: matMul.name.replace(/MatMul$/, "Gemm"),
    });
    context.origins.inherit(gemm, matMul, add);
    gone.add(add);
    return gemm;
  });
  return gone.size === 0 ? graph : { ...graph, node: nodes.filter((node) => !gone.has(node)) };
}
