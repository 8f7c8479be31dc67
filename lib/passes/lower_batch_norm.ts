import { isStandard, makeNode } from "../onnx/node.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import { batchNormAffine } from "./channel_affine.ts";
import { Parameters, rounded } from "./parameters.ts";
import { type PassContext, rootContext, visibleRanks } from "./pass.ts";

/**
 * Turns each BatchNormalization that no layer could take in into a Mul and an Add, or one of them if
 * the other would do nothing. It needs the rank of the input, to line the constants up with axis 1.
 */
export function lowerBatchNorm(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
): GraphProto {
  if (!graph.node.some(({ opType }) => opType === "BatchNormalization")) return graph;
  const parameters = new Parameters(graph, context);
  const ranks = visibleRanks(graph, context);
  const nodes = graph.node.flatMap((node): NodeProto[] => {
    if (node.opType !== "BatchNormalization" || !isStandard(node)) return [node];
    const [x = "", gamma = "", beta = ""] = node.input;
    const rank = ranks.get(x);
    const affine = batchNormAffine(node, parameters);
    if (!affine || rank === undefined || rank < 2) return [node];
    const dims = [affine.scale.length, ...Array.from({ length: rank - 2 }, () => 1)];
    const { type } = parameters.read(gamma)!;
    const scale = rounded(type, dims, affine.scale);
    const shift = rounded(type, dims, affine.shift);
    if (!scale || !shift) return [node];

    const name = (opType: string) => nameLike(node, opType, parameters);
    const scales = affine.scale.some((value) => value !== 1);
    const shifts = affine.shift.some((value) => value !== 0) || !scales;
    const [output = ""] = node.output;
    const product = scales && shifts ? parameters.fresh(`${output}_scaled`) : scales ? output : x;
    const made: NodeProto[] = [];
    if (scales) {
      const factor = parameters.replace(gamma, scale, node);
      made.push(makeNode("Mul", [x, factor], [product], {}, { name: name("Mul") }));
    }
    if (shifts) {
      const term = parameters.replace(beta, shift, node);
      made.push(makeNode("Add", [product, term], [output], {}, { name: name("Add") }));
    }
    for (const one of made) context.origins.inherit(one, node);
    return made;
  });
  return parameters.apply(nodes);
}

/** `/bn1/Mul` for a part of `/bn1/BatchNormalization`: the scope, which is the module, stays. */
function nameLike(node: NodeProto, opType: string, parameters: Parameters): string {
  if (node.name === "") return "";
  const scope = node.name.slice(0, node.name.lastIndexOf("/") + 1);
  return parameters.fresh(scope === "" ? `${node.name}_${opType}` : scope + opType);
}
