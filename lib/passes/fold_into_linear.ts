import { pinned } from "../onnx/graph.ts";
import { float, intAttribute, isStandard, makeNode, withAttributes } from "../onnx/node.ts";
import { floatAttribute } from "../onnx/node.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import { type AffineChain, affineChain } from "./channel_affine.ts";
import { biasName, type FloatType, Parameters, rounded, scaleRuns } from "./parameters.ts";
import { type PassContext, rootContext, visibleRanks } from "./pass.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * Folds what scales and shifts the output of a fully connected layer per feature into its weight and
 * bias: BatchNormalization, and Add, Sub, Mul and Div with constants. The layer is a Gemm, or a MatMul
 * by a constant matrix with or without an Add after it.
 */
export function foldIntoLinear(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
): GraphProto {
  const parameters = new Parameters(graph, context);
  const kept = pinned(graph);
  const ranks = visibleRanks(graph, context);
  const folded = new Set<NodeProto>();
  const nodes = graph.node.flatMap((node) => {
    if (!isStandard(node)) return [node];
    const weight = parameters.read(node.input[1]);
    if (weight?.dims.length !== 2) return [node];
    const [output = ""] = node.output;
    const gemm = node.opType === "Gemm";
    if (!gemm && node.opType !== "MatMul") return [node];
    const transposed = gemm && intAttribute(node, "transB", 0) !== 0;
    const channels = weight.dims[transposed ? 0 : 1]!;
    const rank = gemm ? 2 : ranks.get(output);
    const axis = { channels, fromEnd: 0, rank: rank ?? 1, rankUnknown: rank === undefined };
    const chain = affineChain(output, axis, parameters, kept);
    if (!chain) return [node];

    const scaled = transposed
      ? scaleRuns(weight, weight.dims[1]!, (row) => chain.scale[row]!)
      : scaleRuns(weight, 1, (i) => chain.scale[i % channels]!);
    if (!scaled) return [node];
    const fused = gemm
      ? foldIntoGemm(node, scaled, chain, parameters)
      : foldIntoMatMul(node, scaled, chain, parameters);
    if (!fused) return [node];
    for (const one of chain.nodes) folded.add(one);
    const [first, ...rest] = fused;
    context.origins.inherit(first!, node, ...(rest.length > 0 ? [] : chain.nodes));
    for (const one of rest) context.origins.inherit(one, ...chain.nodes);
    return fused;
  });
  return parameters.apply(nodes.filter((node) => !folded.has(node)));
}

/** Y = alpha A B + beta C becomes alpha A (B scale) + (beta C scale + shift). */
function foldIntoGemm(
  node: NodeProto,
  scaled: Tensor<FloatType>,
  chain: AffineChain,
  parameters: Parameters,
): NodeProto[] | undefined {
  const [a, b, c] = node.input as [string, string, string?];
  const channels = chain.scale.length;
  const old = parameters.read(c);
  if (c && !old) return undefined;
  // One bias for all rows: [], [1], [n], [1, 1] or [1, n].
  if (old && (old.dims.length > 2 || (old.dims.at(-2) ?? 1) !== 1)) return undefined;
  const count = old?.data.length ?? 1;
  if (count !== 1 && count !== channels) return undefined;
  const beta = floatAttribute(node, "beta", 1);
  const shifted = chain.shift.map((shift, i) =>
    beta * (old?.data[count === 1 ? 0 : i] ?? 0) * chain.scale[i]! + shift
  );
  const bias = rounded(scaled.type, [channels], shifted);
  if (!bias) return undefined;
  return [{
    ...withAttributes(node, { beta: beta === 1 ? undefined : float(1) }),
    input: [
      a,
      parameters.replace(b, scaled, node),
      c ? parameters.replace(c, bias, node) : parameters.add(biasName(b), bias),
    ],
    output: [chain.output],
  }];
}

/** X W becomes X (W scale), and + shift in an Add of its own if there is any. */
function foldIntoMatMul(
  node: NodeProto,
  scaled: Tensor<FloatType>,
  chain: AffineChain,
  parameters: Parameters,
): NodeProto[] | undefined {
  const [x, w] = node.input as [string, string];
  const shifts = chain.shift.some((shift) => shift !== 0);
  // A lone bias is what there should be.
  if (shifts && chain.nodes.length === 1 && chain.nodes[0]!.opType === "Add") return undefined;
  const bias = rounded(scaled.type, [chain.shift.length], chain.shift);
  if (!bias) return undefined;
  const input = [x, parameters.replace(w, scaled, node)];
  if (!shifts) return [{ ...node, input, output: [chain.output] }];
  const last = chain.nodes.at(-1)!;
  const add = chain.nodes.find(({ opType }) => opType === "Add") ?? last;
  return [
    { ...node, input },
    makeNode("Add", [node.output[0]!, parameters.add(biasName(w), bias)], [chain.output], {}, {
      name: add.name,
    }),
  ];
}
