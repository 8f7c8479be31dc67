import { producers } from "../onnx/graph.ts";
import { isStandard } from "../onnx/node.ts";
import {
  type GraphProto,
  type NodeProto,
  type TensorProto,
  TensorProto_DataType as DataType,
} from "../onnx/onnx_pb.ts";
import { readTensorProto } from "../onnx/tensor_proto.ts";
import { bypass } from "./bypass.ts";
import { elementTypes } from "./element_types.ts";
import { type PassContext, rootContext, visibleConstants } from "./pass.ts";

/**
 * Removes what torch's exporter puts behind each Softmax of attention, an IsNaN and a Where that makes 0 of
 * it: a row is NaN only if all of it is masked by -Infinity. Where masks are shown to hold finite numbers,
 * as the least float32 is, no row is.
 */
export function dropNanGuards(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
): GraphProto {
  if (!graph.node.some(({ opType }) => opType === "IsNaN")) return graph;
  const makers = producers(graph);
  const constants = visibleConstants(graph, context);
  const types = elementTypes(graph, constants);
  const made = (name: string | undefined, opType: string) => {
    const node = makers.get(name ?? "");
    return node?.opType === opType && isStandard(node) ? node : undefined;
  };
  return bypass(graph, context, (node) => {
    if (node.opType !== "Where" || !isStandard(node)) return undefined;
    const [test, , weights = ""] = node.input;
    const softmax = made(weights, "Softmax");
    if (made(test, "IsNaN")?.input[0] !== weights || !softmax) return undefined;
    const facts = { makers, constants, types };
    return holdsFinite(softmax.input[0]!, facts) ? weights : undefined;
  });
}

interface Facts {
  readonly makers: ReadonlyMap<string, NodeProto>;
  readonly constants: ReadonlyMap<string, TensorProto>;
  readonly types: ReadonlyMap<string, number>;
}

/** Operators that only move what they read first. */
const MOVES = /^(Expand|Gather|Identity|Reshape|Slice|Squeeze|Tile|Transpose|Unsqueeze)$/;

const FLOATS: ReadonlySet<number> = new Set([
  ...[DataType.FLOAT, DataType.FLOAT16, DataType.DOUBLE, DataType.BFLOAT16],
]);

/** Whether a value holds no infinity, as far as products of what a network computes do not. */
function holdsFinite(name: string, facts: Facts): boolean {
  const { makers, constants, types } = facts;
  const constant = constants.get(name);
  if (constant) return isFiniteConstant(constant);
  const type = types.get(name);
  if (type !== undefined && !FLOATS.has(type)) return true;
  const node = makers.get(name);
  if (!node || !isStandard(node)) return false;
  const { opType, input } = node;
  if (opType === "MatMul" || opType === "Gemm") return true;
  if (opType === "Where") return holdsFinite(input[1]!, facts) && holdsFinite(input[2]!, facts);
  if (MOVES.test(opType) || opType === "Cast") return holdsFinite(input[0]!, facts);
  if (opType === "Add" || opType === "Sub") return input.every((one) => holdsFinite(one, facts));
  // A scale; whatever is as large as a mask would not stay finite under it.
  if (opType !== "Mul" && opType !== "Div") return false;
  const [x, scale] = constants.has(input[0]!) && opType === "Mul" ? [1, 0] : [0, 1];
  const scaled = makers.get(input[x]!);
  return scaled?.opType === "MatMul" && holdsFinite(input[scale]!, facts);
}

function isFiniteConstant(tensor: TensorProto): boolean {
  const { type, data } = readTensorProto(tensor);
  return type !== "float32" || (data as Float32Array).every(Number.isFinite);
}
