import {
  type AttributeValue,
  float,
  floatAttribute,
  floatsAttribute,
  intAttribute,
  makeNode,
  stringAttribute,
  withAttributes,
} from "../onnx/node.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import { named, Parameters, times } from "./parameters.ts";
import { type PassContext, rootContext, visibleRanks } from "./pass.ts";
import { transposedMatrix } from "./transposed_matrix.ts";

/**
 * Writes layers that onnxruntime fused when it saved the network as the standard's operators again, which
 * it fuses anew when it opens the file: FusedConv and FusedGemm as Conv and Gemm with an Add and an
 * activation behind, FusedMatMul by a constant as MatMul.
 */
export function splitFused(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
): GraphProto {
  const isFused = ({ domain, opType }: NodeProto) =>
    domain === "com.microsoft" && /^Fused(Conv|Gemm|MatMul)$/.test(opType);
  if (!graph.node.some(isFused)) return graph;
  const parameters = new Parameters(graph, context);
  const ranks = visibleRanks(graph, context);
  const nodes = graph.node.flatMap((node) => {
    if (!isFused(node)) return [node];
    const split = node.opType === "FusedMatMul"
      ? plainMatMul(node, parameters, ranks.get(node.input[0] ?? ""))
      : withActivation(node, parameters, context);
    if (!split) return [node];
    for (const one of split) context.origins.inherit(one, node);
    return split;
  });
  return parameters.apply(nodes);
}

/** `alpha` and `transB` go into the constant, `transA` into a Transpose, which needs the rank. */
function plainMatMul(
  node: NodeProto,
  parameters: Parameters,
  rank: number | undefined,
): NodeProto[] | undefined {
  const [a, b] = node.input as [string, string];
  const weight = parameters.read(b);
  const has = (name: string) => intAttribute(node, name, 0) !== 0;
  if (!weight || weight.dims.length < 2 || has("transBatchA") || has("transBatchB")) {
    return undefined;
  }
  if (has("transA") && (rank === undefined || rank < 2)) return undefined;
  const alpha = floatAttribute(node, "alpha", 1);
  const scaled = times(weight, alpha);
  if (!scaled) return undefined;
  const matrix = has("transB") ? transposedMatrix(scaled) : scaled;
  const right = matrix === weight ? b : parameters.replace(b, matrix, node);
  const plain = { ...node, opType: "MatMul", domain: "", attribute: [] };
  if (!has("transA")) return [{ ...plain, input: [a, right] }];
  const left = parameters.fresh(`${a}_transposed`);
  const perm = Array.from(
    { length: rank! },
    (_, axis) => axis < rank! - 2 ? axis : 2 * rank! - 3 - axis,
  );
  return [makeNode("Transpose", [a], [left], { perm }), { ...plain, input: [left, right] }];
}

/** Attributes of the fused operators that tell of the activation. */
const ACTIVATION = [
  "activation",
  "activation_params",
  "activation_alpha",
  "activation_beta",
  "activation_gamma",
];

/** First opset in which a Clip takes its bounds as inputs. */
const CLIP_BY_INPUTS = 11;

function withActivation(
  node: NodeProto,
  parameters: Parameters,
  { opset }: PassContext,
): NodeProto[] | undefined {
  const [y] = node.output as [string];
  const isConv = node.opType === "FusedConv";
  const nothing = Object.fromEntries(ACTIVATION.map((name) => [name, undefined]));
  const layer: NodeProto = {
    ...withAttributes(node, nothing),
    opType: node.opType.replace("Fused", ""),
    domain: "",
    input: node.input.slice(0, 3),
  };
  const nodes = [layer];
  const behind = (opType: string, inputs: string[], attributes = {}) => {
    const last = nodes.pop()!;
    const inner = parameters.fresh(`${y}_${last.opType.toLowerCase()}`);
    nodes.push(
      { ...last, output: [inner] },
      named(makeNode(opType, [inner, ...inputs], [y], attributes), node, parameters),
    );
  };
  const sum = isConv ? node.input[3] : undefined;
  if (sum) behind("Add", [sum]);
  const activation = stringAttribute(node, "activation", "");
  const [p = NaN, q = NaN] = floatsAttribute(node, "activation_params") ??
    ["activation_alpha", "activation_beta"].map((name) => floatAttribute(node, name, NaN));
  switch (activation) {
    case "":
      return nodes;
    case "Relu":
    case "Sigmoid":
    case "Tanh":
      behind(activation, []);
      return nodes;
    case "LeakyRelu":
      behind(activation, [], factors({ alpha: p }));
      return nodes;
    case "HardSigmoid":
      behind(activation, [], factors({ alpha: p, beta: q }));
      return nodes;
    case "Clip": {
      if (opset < CLIP_BY_INPUTS) {
        behind(activation, [], factors({ min: p, max: q }));
        return nodes;
      }
      const bound = (name: string, value: number) =>
        parameters.add(`${y}_${name}`, { type: "float32", dims: [], data: Float32Array.of(value) });
      behind(activation, [bound("min", p), bound("max", q)]);
      return nodes;
    }
    default:
      return undefined;
  }
}

/** Those that the node states; the others keep the standard's defaults. */
function factors(values: Readonly<Record<string, number>>): Record<string, AttributeValue> {
  const stated = Object.entries(values).filter(([, value]) => !Number.isNaN(value));
  return Object.fromEntries(stated.map(([name, value]) => [name, float(value)]));
}
