import { consumers, pinned, producers, removeDeadNodes } from "../../onnx/graph.ts";
import { isStandard, makeNode } from "../../onnx/node.ts";
import type { GraphProto, NodeProto, TensorProto } from "../../onnx/onnx_pb.ts";
import { everywhere, type PassContext, visibleConstants } from "../pass.ts";
import { floatConstant, logNames } from "./float_constant.ts";
import { type IntegerProduct, type Operand, readProduct } from "./read_product.ts";
import { knownOf } from "./stored_integers.ts";
import { undoFusedDynamic } from "./undo_fused_dynamic.ts";
import type { UndoLog } from "./undo_log.ts";

const FLOATS: ReadonlyMap<string, string> = new Map([
  ["ConvInteger", "Conv"],
  ["MatMulInteger", "MatMul"],
]);

/** Makes products whose ranges are found in every run products of float32 again. */
export function undoDynamic(graph: GraphProto, context: PassContext, log: UndoLog): GraphProto {
  const undo = everywhere((inner, around) => {
    const floats = undoFusedDynamic(inner, around, log);
    return undoProducts(floats, around, log);
  });
  const undone = undo(graph, context);
  return undone === graph ? graph : removeDeadNodes(undone);
}

function undoProducts(graph: GraphProto, context: PassContext, log: UndoLog): GraphProto {
  if (!graph.node.some(({ opType }) => FLOATS.has(opType))) return graph;
  const found = new Map<NodeProto, readonly NodeProto[]>();
  const writing: Writing = { added: new Map(), floats: new Map(), context, log };
  const scope = {
    constants: visibleConstants(graph, context),
    makers: producers(graph),
    readers: consumers(graph),
    kept: pinned(graph),
  };
  for (const product of graph.node) {
    if (!FLOATS.has(product.opType) || !isStandard(product)) continue;
    const read = readProduct(product, scope);
    if (typeof read === "string") {
      log.leave(product, read);
      continue;
    }
    const { ahead, node } = floatProduct(product, read, writing);
    found.set(product, [...ahead, product]);
    found.set(read.last, [node]);
  }
  if (found.size === 0) return graph;
  const node = graph.node.flatMap((old) => found.get(old) ?? old);
  return removeDeadNodes({
    ...graph,
    node,
    initializer: [...graph.initializer, ...writing.added.values()],
  });
}

interface Writing {
  /** Weights that were made, by what they were in the file. */
  readonly added: Map<string, TensorProto>;
  /** Floats that were made of integers, by these and their scale and zero point. */
  readonly floats: Map<string, string>;
  readonly context: PassContext;
  readonly log: UndoLog;
}

/** The product in float32, behind a DequantizeLinear of integers that have a range in the file. */
function floatProduct(
  product: NodeProto,
  { operands, last, nodes }: IntegerProduct,
  { added, floats, context, log }: Writing,
): { ahead: readonly NodeProto[]; node: NodeProto } {
  const ahead: NodeProto[] = [];
  const input = operands.map((operand) => {
    if (operand.kind === "dynamic") return operand.float;
    if (operand.kind === "weights") {
      const { key, stored } = operand;
      const base = product.input[operands.indexOf(operand)]!;
      const constant = added.get(key) ??
        floatConstant(context.fresh(`${base}_float`), knownOf(stored)!);
      added.set(key, constant);
      return constant.name;
    }
    const { integers, scale, zero } = operand;
    const parts = [integers, scale, ...zero === "" ? [] : [zero]];
    const made = floats.get(parts.join(" "));
    if (made !== undefined) return made;
    const float = context.fresh(`${integers}_float`);
    floats.set(parts.join(" "), float);
    ahead.push(makeNode("DequantizeLinear", parts, [float], {}, { name: context.fresh(float) }));
    return float;
  });
  const node = {
    ...product,
    opType: FLOATS.get(product.opType)!,
    name: product.name.replace(/_quant$/, ""),
    input,
    output: last.output,
  };
  for (const made of [...ahead, node]) context.origins.inherit(made, ...nodes);
  const weights = operands.find((one): one is Operand & { kind: "weights" } =>
    one.kind === "weights"
  );
  log.layers.push({
    node: node.name,
    form: operands.some(({ kind }) => kind === "dynamic") ? "dynamic" : "static",
    from: logNames(nodes),
    activations: "uint8",
    ...weights && { weights: weights.stored.type },
  });
  return { ahead, node };
}
