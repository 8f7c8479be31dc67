import { producers } from "../onnx/graph.ts";
import { intAttribute, intsAttribute, isStandard, makeNode } from "../onnx/node.ts";
import {
  type GraphProto,
  type NodeProto,
  type TensorProto,
  TensorProto_DataType as DataType,
} from "../onnx/onnx_pb.ts";
import { readTensorProto } from "../onnx/tensor_proto.ts";
import { type PassContext, rootContext, visibleConstants, visibleRanks } from "./pass.ts";

/**
 * Writes each ReduceMean over all positions of a map, `x.mean([2, 3])` in PyTorch, as a
 * GlobalAveragePool, with a Flatten behind it where the positions are dropped: the same numbers, for
 * which there is an int8 kernel, and a faster one of float32 (kernel fact mean-of-a-map). It needs the rank of the input, and to know that it is float32.
 */
export function poolMeans(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
): GraphProto {
  if (!graph.node.some(({ opType }) => opType === "ReduceMean")) return graph;
  const constants = visibleConstants(graph, context);
  const ranks = visibleRanks(graph, context);
  const makers = producers(graph);
  let changed = false;
  const node = graph.node.flatMap((mean): NodeProto[] => {
    const [x = ""] = mean.input;
    const [y = ""] = mean.output;
    const rank = ranks.get(x);
    if (mean.opType !== "ReduceMean" || !isStandard(mean) || rank === undefined) return [mean];
    const axes = axesOf(mean, constants)?.map((axis) => axis < 0 ? axis + rank : axis);
    const spatial = rank - 2;
    const isPool = spatial > 0 && axes && new Set(axes).size === spatial &&
      axes.every((axis) => axis >= 2);
    if (!isPool || !isFloat32(x, graph, makers, constants)) return [mean];
    changed = true;
    const keeps = intAttribute(mean, "keepdims", 1) === 1;
    const pooled = keeps ? y : context.fresh(`${y}_pooled`);
    const pool = makeNode("GlobalAveragePool", [x], [pooled], {}, { name: mean.name });
    context.origins.inherit(pool, mean);
    if (keeps) return [pool];
    const name = mean.name && context.fresh(`${mean.name}/Flatten`);
    const flatten = makeNode("Flatten", [pooled], [y], { axis: 1 }, { name });
    context.origins.inherit(flatten, mean);
    return [pool, flatten];
  });
  return changed ? { ...graph, node } : graph;
}

/** An input from opset 18 on, an attribute before. */
function axesOf(
  mean: NodeProto,
  constants: ReadonlyMap<string, TensorProto>,
): readonly number[] | undefined {
  const stored = constants.get(mean.input[1] ?? "");
  if (!stored) return intsAttribute(mean, "axes");
  return Array.from(readTensorProto(stored).data as BigInt64Array, Number);
}

/** Operators whose results have the type of their first input. */
const KEEPS_TYPE: ReadonlySet<string> = new Set([
  ...["Add", "AveragePool", "BatchNormalization", "Clip", "Concat", "HardSigmoid", "HardSwish"],
  ...["LeakyRelu", "MaxPool", "Mul", "Relu", "Resize", "Sigmoid"],
]);

/** Whether a value is float32 for sure: it comes from an input or a constant that is. */
function isFloat32(
  name: string,
  graph: GraphProto,
  makers: ReadonlyMap<string, NodeProto>,
  constants: ReadonlyMap<string, TensorProto>,
): boolean {
  let from = name;
  for (let node = makers.get(from); node && isStandard(node); node = makers.get(from)) {
    if (node.opType === "Conv") from = node.input[1]!;
    else if (KEEPS_TYPE.has(node.opType)) from = node.input[0]!;
    else return false;
  }
  const constant = constants.get(from);
  if (constant) return constant.dataType === DataType.FLOAT;
  const type = graph.input.find((input) => input.name === from)?.type?.value;
  return type?.case === "tensorType" && type.value.elemType === DataType.FLOAT;
}
