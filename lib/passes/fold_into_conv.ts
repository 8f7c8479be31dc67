import { pinned } from "../onnx/graph.ts";
import { intAttribute, isStandard } from "../onnx/node.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import { affineChain } from "./channel_affine.ts";
import { biasName, Parameters, rounded, scaleRuns } from "./parameters.ts";
import { type PassContext, rootContext } from "./pass.ts";

/**
 * Folds what scales and shifts the output of a Conv or ConvTranspose per channel into its weight and
 * bias: BatchNormalization, and Add, Sub, Mul and Div with constants, as many as follow each other.
 *
 * W' = W * scale and b' = b * scale + shift for each output channel, in float64 and rounded once.
 *
 * @see {@link https://arxiv.org/abs/1712.05877 | Jacob et al. 2018}, section 3.2
 */
export function foldIntoConv(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
): GraphProto {
  const parameters = new Parameters(graph, context);
  const kept = pinned(graph);
  const folded = new Set<NodeProto>();
  const nodes = graph.node.map((conv) => {
    if (!isStandard(conv) || !["Conv", "ConvTranspose"].includes(conv.opType)) return conv;
    const weight = parameters.read(conv.input[1]);
    const bias = parameters.read(conv.input[2]);
    if (!weight || (conv.input[2] && !bias)) return conv;

    const transposed = conv.opType === "ConvTranspose";
    const groups = intAttribute(conv, "group", 1);
    // Weights of Conv are [out, in / groups, ...kernel], of ConvTranspose [in, out / groups, ...kernel].
    const [first = 0, second = 0] = weight.dims;
    const channels = transposed ? second * groups : first;
    const rank = weight.dims.length;
    if (bias && bias.data.length !== channels) return conv;
    const axis = { channels, rank, fromEnd: rank - 2 };
    const chain = affineChain(conv.output[0]!, axis, parameters, kept);
    if (!chain) return conv;

    const perFilter = weight.data.length / (transposed ? first * second : first);
    const scaled = scaleRuns(weight, perFilter, (filter) => {
      if (!transposed) return chain.scale[filter]!;
      const group = Math.floor(Math.floor(filter / second) / (first / groups));
      return chain.scale[group * second + filter % second]!;
    });
    const shifted = chain.shift.map((shift, c) => (bias?.data[c] ?? 0) * chain.scale[c]! + shift);
    const newBias = rounded(weight.type, [channels], shifted);
    if (!scaled || !newBias) return conv;

    const [x, weightName, oldBias] = conv.input as [string, string, string?];
    const fused = {
      ...conv,
      input: [
        x,
        parameters.replace(weightName, scaled, conv),
        oldBias
          ? parameters.replace(oldBias, newBias, conv)
          : parameters.add(biasName(weightName), newBias),
      ],
      output: [chain.output],
    };
    for (const node of chain.nodes) folded.add(node);
    context.origins.inherit(fused, conv, ...chain.nodes);
    return fused;
  });
  return parameters.apply(nodes.filter((node) => !folded.has(node)));
}
