import { makeNode } from "../../onnx/node.ts";
import type { GraphProto, NodeProto, TensorProto } from "../../onnx/onnx_pb.ts";
import { producers, removeDeadNodes } from "../../onnx/graph.ts";
import { type PassContext, visibleConstants } from "../pass.ts";
import { floatConstant, logNames } from "./float_constant.ts";
import { moveStored } from "./move_stored.ts";
import { productWeights } from "./product_weights.ts";
import { knownOf, type StoredIntegers } from "./stored_integers.ts";
import type { UndoLog } from "./undo_log.ts";

/** What stands in the place of an operator of onnxruntime's with dynamic ranges. */
interface FloatForm {
  readonly opType: string;
  /** Names of inputs, and weights where the file has integers. */
  readonly input: readonly (string | StoredIntegers)[];
  readonly bias?: string | undefined;
  /** Nodes that it stands for. */
  readonly nodes: readonly NodeProto[];
}

interface FusedScope {
  readonly constants: ReadonlyMap<string, TensorProto>;
  readonly makers: ReadonlyMap<string, NodeProto>;
}

/** How an operator is written; why it cannot be; undefined where it has no dynamic range. */
type Read = (node: NodeProto, scope: FusedScope) => FloatForm | string | undefined;

const FORMS: ReadonlyMap<string, Read> = new Map<string, Read>([
  ["DynamicQuantizeLSTM", recurrentForm],
  ["DynamicQuantizeMatMul", productForm],
  ["MatMulIntegerToFloat", integerForm],
]);

const NOT_CONSTANT = "its weights, scales or zero points are no constants that fit each other";

/** Makes onnxruntime's own operators with dynamic ranges MatMul and LSTM of float32 again. */
export function undoFusedDynamic(
  graph: GraphProto,
  context: PassContext,
  log: UndoLog,
): GraphProto {
  if (!graph.node.some(({ opType }) => FORMS.has(opType))) return graph;
  const scope = { constants: visibleConstants(graph, context), makers: producers(graph) };
  const added = new Map<string, TensorProto>();
  const node = graph.node.flatMap((fused): NodeProto | NodeProto[] => {
    const form = FORMS.get(fused.opType)?.(fused, scope);
    if (form === undefined) return fused;
    if (typeof form === "string") {
      log.leave(fused, form);
      return fused;
    }
    const { opType, bias, nodes } = form;
    const types: string[] = [];
    const input = form.input.map((one, i) => {
      if (typeof one === "string") return one;
      types.push(one.type);
      const key = `${opType} ${fused.input.slice(1).join(" ")} ${i}`;
      const constant = added.get(key) ??
        floatConstant(context.fresh(`${fused.input[i]}_float`), knownOf(one)!);
      added.set(key, constant);
      return constant.name;
    });
    const name = fused.name.replace(/_quant$/, "");
    const [first = ""] = fused.output;
    const output = bias ? [context.fresh(`${first}_product`)] : fused.output;
    const float = { ...makeNode(opType, input, output, {}, { name }), attribute: fused.attribute };
    context.origins.inherit(float, ...nodes);
    log.layers.push({
      node: name,
      form: "dynamic",
      from: logNames(nodes),
      activations: "uint8",
      weights: types[0]!,
    });
    if (!bias) return float;
    const add = makeNode("Add", [output[0]!, bias], [first]);
    context.origins.inherit(add, fused);
    return [float, add];
  });
  if (added.size === 0) return graph;
  return removeDeadNodes({
    ...graph,
    node,
    initializer: [...graph.initializer, ...added.values()],
  });
}

function productForm(node: NodeProto, { constants }: FusedScope): FloatForm | string {
  const [x = "", w = "", s = "", z = "", bias] = node.input;
  const weights = weightsOf([w, s, z], constants);
  return weights ? { opType: "MatMul", input: [x, weights], bias, nodes: [node] } : NOT_CONSTANT;
}

function integerForm(node: NodeProto, { constants, makers }: FusedScope): ReturnType<Read> {
  const [x = "", w = "", scale = "", s = "", zero = "", z = "", bias] = node.input;
  const dynamic = makers.get(x);
  const isDynamic = dynamic?.opType === "DynamicQuantizeLinear" &&
    dynamic.output[0] === x && dynamic.output[1] === scale && dynamic.output[2] === zero;
  if (!isDynamic) return undefined;
  const weights = weightsOf([w, s, z], constants);
  return weights
    ? { opType: "MatMul", input: [dynamic.input[0]!, weights], bias, nodes: [dynamic, node] }
    : NOT_CONSTANT;
}

/** W and R are [directions, inputs, gates] there, and [directions, gates, inputs] in an LSTM. */
function recurrentForm(node: NodeProto, { constants }: FusedScope): FloatForm | string {
  const [x = "", w = "", r = "", ...others] = node.input;
  const [ws = "", wz = "", rs = "", rz = ""] = others.slice(5);
  const [W, R] = [[w, ws, wz], [r, rs, rz]].map((names) => {
    // A scale for each direction, or for each of its gates.
    const beside = (dims: readonly number[]) => [dims[0] ?? 1, 1, dims[1] ?? 1];
    const weights = weightsOf(names, constants, beside);
    const turn = makeNode("Transpose", ["w"], ["t"], { perm: [0, 2, 1] });
    return weights && moveStored(weights, turn, []);
  });
  if (!W || !R) return NOT_CONSTANT;
  return { opType: "LSTM", input: [x, W, R, ...others.slice(0, 5)], nodes: [node] };
}

/** Weights by the names of their integers, scale and zero point, the last "" where there is none. */
function weightsOf(
  [integers = "", scale = "", zero = ""]: readonly string[],
  constants: ReadonlyMap<string, TensorProto>,
  layout?: (dims: readonly number[]) => readonly number[],
): StoredIntegers | undefined {
  if (zero && !constants.has(zero)) return undefined;
  const parts = {
    integers: constants.get(integers),
    scale: constants.get(scale),
    zero: constants.get(zero),
  };
  const stored = productWeights(parts, layout);
  return stored && knownOf(stored) ? stored : undefined;
}
