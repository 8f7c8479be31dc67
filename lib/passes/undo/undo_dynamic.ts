import { allNodes, consumers, pinned, producers, removeDeadNodes } from "../../onnx/graph.ts";
import { isStandard } from "../../onnx/node.ts";
import type { GraphProto, NodeProto, TensorProto } from "../../onnx/onnx_pb.ts";
import { everywhere, type PassContext, visibleConstants } from "../pass.ts";
import { floatConstant, logNames } from "./float_constant.ts";
import { productWeights } from "./product_weights.ts";
import { knownOf } from "./stored_integers.ts";
import { undoFusedDynamic } from "./undo_fused_dynamic.ts";
import type { UndoLog } from "./undo_log.ts";

const FLOATS: ReadonlyMap<string, string> = new Map([
  ["ConvInteger", "Conv"],
  ["MatMulInteger", "MatMul"],
]);

/** Operators that are named themselves where they stay. */
const PRODUCTS: ReadonlySet<string> = new Set([
  ...[...FLOATS.keys(), "MatMulIntegerToFloat"],
]);

/** Makes products whose ranges are found in every run products of float32 again. */
export function undoDynamic(graph: GraphProto, context: PassContext, log: UndoLog): GraphProto {
  const why = "there is no float32 form of this operator here";
  for (const { name, opType } of allNodes(graph)) {
    if (opType === "QAttention") log.left.push({ name, operator: opType, why });
  }
  const undo = everywhere((inner, around) => {
    const floats = undoFusedDynamic(inner, around, log);
    return undoProducts(floats, around, log);
  });
  const undone = undo(graph, context);
  // What stays of the ranges is read by something else.
  const kept = new Set(undone.output.map(({ name }) => name));
  const readers = consumers(undone);
  for (const { name, opType, output } of undone.node) {
    if (opType !== "DynamicQuantizeLinear") continue;
    const reading = readers.get(output[0]!) ?? [];
    const other = reading.find((reader) => !PRODUCTS.has(reader.opType));
    if (!other && !output.some((one) => kept.has(one))) continue;
    const why = other ? `${other.opType} reads its integers` : "it makes an output of the graph";
    log.left.push({ name, operator: opType, why });
  }
  return undone === graph ? graph : removeDeadNodes(undone);
}

function undoProducts(graph: GraphProto, context: PassContext, log: UndoLog): GraphProto {
  if (!graph.node.some(({ opType }) => FLOATS.has(opType))) return graph;
  const found = new Map<NodeProto, NodeProto>();
  const added = new Map<string, TensorProto>();
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
      log.left.push({ name: product.name, operator: product.opType, why: read });
      continue;
    }
    const { last, from, known } = read;
    const key = [product.opType, product.input[1], product.input[3], from.scale].join(" ");
    const constant = added.get(key) ??
      floatConstant(context.fresh(`${product.input[1]}_float`), known);
    added.set(key, constant);
    const node = {
      ...product,
      opType: FLOATS.get(product.opType)!,
      name: product.name.replace(/_quant$/, ""),
      input: [from.activation, constant.name],
      output: last.output,
    };
    context.origins.inherit(node, ...from.nodes);
    found.set(last, node);
    log.layers.push({
      node: node.name,
      form: "dynamic",
      from: logNames(from.nodes),
      activations: "uint8",
      weights: read.type,
    });
  }
  if (found.size === 0) return graph;
  const node = graph.node.map((old) => found.get(old) ?? old);
  return removeDeadNodes({
    ...graph,
    node,
    initializer: [...graph.initializer, ...added.values()],
  });
}

interface Scope {
  readonly constants: ReadonlyMap<string, TensorProto>;
  readonly makers: ReadonlyMap<string, NodeProto>;
  readonly readers: ReadonlyMap<string, readonly NodeProto[]>;
  readonly kept: ReadonlySet<string>;
}

/** A product with all that stands around it; or why it is none that is known. */
function readProduct(product: NodeProto, { constants, makers, readers, kept }: Scope) {
  const only = (name: string) => kept.has(name) ? undefined : readers.get(name);
  const [quantized = "", stored = "", zero = "", weightZero = ""] = product.input;
  const dynamic = makers.get(quantized);
  if (dynamic?.opType !== "DynamicQuantizeLinear" || dynamic.output[2] !== zero) {
    return "its activation comes from no DynamicQuantizeLinear";
  }
  const integers = constants.get(stored);
  const zeros = constants.get(weightZero);
  if (!integers || (weightZero && !zeros)) return "its weights are no constants";
  const [cast, ...others] = only(product.output[0]!) ?? [];
  if (cast?.opType !== "Cast" || others.length > 0) return "its sums are read as integers";
  const [last, ...more] = only(cast.output[0]!) ?? [];
  if (last?.opType !== "Mul" || more.length > 0) return "its sums are not scaled";
  const scaling = makers.get(last.input.find((name) => name !== cast.output[0]) ?? "");
  const scale = scaling?.input.find((name) => name !== dynamic.output[1]) ?? "";
  const scales = constants.get(scale);
  if (scaling?.opType !== "Mul" || !scaling.input.includes(dynamic.output[1]!) || !scales) {
    return "its scale is not the activation's times a constant";
  }
  const layout = besideChannels(product.opType, integers.dims.length);
  const weights = productWeights({ integers, scale: scales, zero: zeros }, layout);
  const known = weights && knownOf(weights);
  if (!weights || !known) return "its scales are laid out in a way that is not known";
  return {
    last,
    known,
    type: weights.type,
    from: {
      nodes: [dynamic, product, cast, scaling, last],
      activation: dynamic.input[0]!,
      scale,
    },
  };
}

/** Shapes over the weights of what belongs to the channels of a result. */
function besideChannels(opType: string, rank: number) {
  if (opType === "MatMulInteger") return undefined;
  // [channels] of a zero point; [1, channels, 1, 1] or [channels, 1, 1] of a scale.
  return (dims: readonly number[]) => {
    const whole = dims.length === 1 && dims[0]! > 1 ? [...dims, ...Array(rank - 2).fill(1)] : dims;
    const channels = whole.at(1 - rank) ?? 1;
    const isAlone = whole.every((length, i) => length === 1 || i === whole.length - (rank - 1));
    return isAlone ? [channels, ...Array(rank - 1).fill(1)] : [NaN];
  };
}
