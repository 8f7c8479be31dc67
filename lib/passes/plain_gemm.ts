import {
  floatAttribute,
  intAttribute,
  isStandard,
  makeNode,
  withAttributes,
} from "../onnx/node.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import { named, Parameters, times } from "./parameters.ts";
import { type PassContext, rootContext } from "./pass.ts";
import { transposedMatrix } from "./transposed_matrix.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * Writes each Gemm by a constant matrix without the factors and forms that no int8 kernel has: `alpha` goes
 * into the matrix, `beta` into the bias, `transA` into a Transpose of its own. A bias that depends on the
 * data, or differs between rows, is added behind; so is one of -Infinity, which no integer stands for.
 */
export function plainGemm(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
): GraphProto {
  if (!graph.node.some(({ opType }) => opType === "Gemm")) return graph;
  const parameters = new Parameters(graph, context);
  const nodes = graph.node.flatMap((node) => {
    const isGemm = node.opType === "Gemm" && isStandard(node);
    const plain = isGemm ? plainForm(node, parameters, context) : undefined;
    if (!plain) return [node];
    for (const one of plain) context.origins.inherit(one, node);
    return plain;
  });
  return parameters.apply(nodes);
}

/** First opset in which a Gemm needs no bias. */
export const OPTIONAL_BIAS = 11;

/** Undefined where there is nothing to do, or a factor makes numbers that the type does not have. */
function plainForm(
  node: NodeProto,
  parameters: Parameters,
  { opset }: PassContext,
): NodeProto[] | undefined {
  const [a, b, c] = node.input as [string, string, string?];
  const [y] = node.output as [string];
  const weight = parameters.read(b);
  if (weight?.dims.length !== 2) return undefined;
  const alpha = floatAttribute(node, "alpha", 1);
  const beta = c ? floatAttribute(node, "beta", 1) : 1;
  const transA = intAttribute(node, "transA", 0) !== 0;
  const bias = parameters.read(c);
  const addsLater = !!c && !(bias && isRow(bias) && bias.data.every(Number.isFinite));
  if (alpha === 1 && beta === 1 && !transA && !addsLater) return undefined;
  const scaled = times(weight, alpha);
  const shift = bias && times(bias, beta);
  if (!scaled || (bias && !shift)) return undefined;

  const nodes: NodeProto[] = [];
  const left = transA ? parameters.fresh(`${a}_transposed`) : a;
  if (transA) {
    nodes.push(named(makeNode("Transpose", [a], [left], { perm: [1, 0] }), node, parameters));
  }
  const beside = !c ? [] : shift === bias ? [c] : [parameters.replace(c, shift!, node)];
  const withoutFactors = withAttributes(node, {
    alpha: undefined,
    beta: undefined,
    transA: undefined,
  });
  const plain = { ...withoutFactors, input: [left] };
  if (!addsLater || opset >= OPTIONAL_BIAS) {
    plain.input.push(scaled === weight ? b : parameters.replace(b, scaled, node));
  } else {
    const isTransposed = intAttribute(node, "transB", 0) !== 0;
    const matrix = isTransposed ? transposedMatrix(scaled) : scaled;
    plain.input.push(matrix === weight ? b : parameters.replace(b, matrix, node));
    plain.opType = "MatMul";
    plain.attribute = [];
  }
  if (!addsLater) return [...nodes, { ...plain, input: [...plain.input, ...beside] }];
  const product = parameters.fresh(`${y}_product`);
  nodes.push({ ...plain, output: [product] });
  let [added] = beside as [string];
  if (!bias && beta !== 1) {
    const factor = {
      type: weight.type,
      dims: [],
      data: weight.data.slice(0, 1).fill(beta),
    } as Tensor;
    const from = added;
    added = parameters.fresh(`${c}_scaled`);
    const name = parameters.add(`${y}_beta`, factor);
    nodes.push(named(makeNode("Mul", [from, name], [added]), node, parameters));
  }
  nodes.push(named(makeNode("Add", [product, added], [y]), node, parameters));
  return nodes;
}

/** Whether a bias is one for all rows: [], [1], [n], [1, 1] or [1, n]. */
function isRow({ dims }: Tensor): boolean {
  return dims.length < 2 || dims.at(-2) === 1;
}
