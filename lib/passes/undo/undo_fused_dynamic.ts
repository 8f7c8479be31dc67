import { makeNode } from "../../onnx/node.ts";
import type { GraphProto, NodeProto, TensorProto } from "../../onnx/onnx_pb.ts";
import { producers, removeDeadNodes } from "../../onnx/graph.ts";
import { type PassContext, visibleConstants } from "../pass.ts";
import { floatConstant, logNames } from "./float_constant.ts";
import {
  dynamicOf,
  type FloatForm,
  type FusedScope,
  NOT_CONSTANT,
  type ReadFused,
  weightsOf,
} from "./fused_form.ts";
import { moveStored } from "./move_stored.ts";
import { attentionForm } from "./read_attention.ts";
import { knownOf } from "./stored_integers.ts";
import type { UndoLog } from "./undo_log.ts";

const FORMS: ReadonlyMap<string, ReadFused> = new Map<string, ReadFused>([
  ["DynamicQuantizeLSTM", recurrentForm],
  ["DynamicQuantizeMatMul", productForm],
  ["MatMulIntegerToFloat", integerForm],
  ["QAttention", attentionForm],
]);

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
    const { opType, bias, follow, nodes } = form;
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
    const output = bias || follow ? [context.fresh(`${first}_product`)] : fused.output;
    const attribute = opType === "MatMul" ? [] : fused.attribute;
    const float = { ...makeNode(opType, input, output, {}, { name }), attribute };
    context.origins.inherit(float, ...nodes);
    log.layers.push({
      node: name,
      form: "dynamic",
      from: logNames(nodes),
      activations: "uint8",
      weights: types[0]!,
    });
    const add = bias ? [makeNode("Add", [output[0]!, bias], [first])] : [];
    const rest = follow?.(output[0]!, context.fresh) ?? add;
    for (const made of rest) context.origins.inherit(made, fused);
    return [float, ...rest];
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

function integerForm(node: NodeProto, { constants, makers }: FusedScope): ReturnType<ReadFused> {
  const [x = "", w = "", scale = "", s = "", zero = "", z = "", bias] = node.input;
  const dynamic = dynamicOf([x, scale, zero], makers);
  if (!dynamic) return undefined;
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
