import { pinned } from "../onnx/graph.ts";
import { isStandard, makeNode } from "../onnx/node.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import { affineChain, batchNormAffine, type ChannelAffine, compose } from "./channel_affine.ts";
import { Parameters, rounded } from "./parameters.ts";
import { type PassContext, rootContext, visibleRanks } from "./pass.ts";

/**
 * Turns each BatchNormalization that no layer could take in into a Mul and an Add, or one of them if
 * the other would do nothing, together with what scales and shifts its channels further. It needs the
 * rank of the input, to line the constants up with axis 1.
 */
export function lowerBatchNorm(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
): GraphProto {
  if (!graph.node.some(({ opType }) => opType === "BatchNormalization")) return graph;
  const parameters = new Parameters(graph, context);
  const ranks = visibleRanks(graph, context);
  const kept = pinned(graph);
  const folded = new Set<NodeProto>();
  const nodes = graph.node.flatMap((node): NodeProto[] => {
    if (folded.has(node)) return [];
    if (node.opType !== "BatchNormalization" || !isStandard(node)) return [node];
    const rank = ranks.get(node.input[0] ?? "");
    const own = batchNormAffine(node, parameters);
    if (!own || rank === undefined || rank < 2) return [node];
    const axis = { channels: own.scale.length, rank, fromEnd: rank - 2 };
    const chain = affineChain(node.output[0]!, axis, parameters, kept);
    const affine = chain ? compose(own, chain) : own;
    const output = chain?.output ?? node.output[0]!;
    const made = mulAndAdd(node, affine, rank, output, parameters);
    if (!made) return [node];
    for (const one of chain?.nodes ?? []) folded.add(one);
    for (const one of made) context.origins.inherit(one, node, ...chain?.nodes ?? []);
    return made;
  });
  return parameters.apply(nodes);
}

/** The nodes that scale and shift what `node` normalized. Undefined if the constants do not fit. */
function mulAndAdd(
  node: NodeProto,
  affine: ChannelAffine,
  rank: number,
  output: string,
  parameters: Parameters,
): NodeProto[] | undefined {
  const [x = "", gamma = "", beta = ""] = node.input;
  const dims = [affine.scale.length, ...Array.from({ length: rank - 2 }, () => 1)];
  const { type } = parameters.read(gamma)!;
  const scale = rounded(type, dims, affine.scale);
  const shift = rounded(type, dims, affine.shift);
  if (!scale || !shift) return undefined;
  const scales = affine.scale.some((value) => value !== 1);
  const shifts = affine.shift.some((value) => value !== 0) || !scales;
  const product = scales && shifts ? parameters.fresh(`${output}_scaled`) : scales ? output : x;
  const made: NodeProto[] = [];
  if (scales) {
    const factor = parameters.replace(gamma, scale, node);
    const name = nameLike(node, "Mul", parameters);
    made.push(makeNode("Mul", [x, factor], [product], {}, { name }));
  }
  if (shifts) {
    const term = parameters.replace(beta, shift, node);
    const name = nameLike(node, "Add", parameters);
    made.push(makeNode("Add", [product, term], [output], {}, { name }));
  }
  return made;
}

/** `/bn1/Mul` for a part of `/bn1/BatchNormalization`: the scope, which is the module, stays. */
function nameLike(node: NodeProto, opType: string, parameters: Parameters): string {
  if (node.name === "") return "";
  const scope = node.name.slice(0, node.name.lastIndexOf("/") + 1);
  return parameters.fresh(scope === "" ? `${node.name}_${opType}` : scope + opType);
}
