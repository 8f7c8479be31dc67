import { allNodes, consumers, pinned, producers, removeDeadNodes } from "../../onnx/graph.ts";
import { isStandard } from "../../onnx/node.ts";
import type { GraphProto, NodeProto, TensorProto } from "../../onnx/onnx_pb.ts";
import { dataTypeName, dimsOf, makeTensorProto, readTensorProto } from "../../onnx/tensor_proto.ts";
import { rememberIntegers } from "../known_integers.ts";
import { everywhere, type PassContext, visibleConstants } from "../pass.ts";
import { dequantizeKnown, storedIntegers } from "./stored_integers.ts";
import type { UndoLog } from "./undo_log.ts";

const FLOATS: ReadonlyMap<string, string> = new Map([
  ["ConvInteger", "Conv"],
  ["MatMulInteger", "MatMul"],
]);

/** Operators with dynamic ranges that have no float32 form here. */
const UNKNOWN: ReadonlySet<string> = new Set([
  ...["DynamicQuantizeLSTM", "DynamicQuantizeMatMul", "MatMulIntegerToFloat", "QAttention"],
]);

/** Makes products whose ranges are found in every run products of float32 again. */
export function undoDynamic(graph: GraphProto, context: PassContext, log: UndoLog): GraphProto {
  const why = "there is no float32 form of this operator here";
  for (const { name, opType } of allNodes(graph)) {
    if (UNKNOWN.has(opType)) log.left.push({ name, operator: opType, why });
  }
  return everywhere((inner, around) => undoProducts(inner, around, log))(graph, context);
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
    const { last, from, weights } = read;
    const key = `${product.input[1]} ${from.scale}`;
    const constant = added.get(key) ??
      { ...weights, name: context.fresh(`${product.input[1]}_float`) };
    if (!added.has(key)) rememberIntegers(constant, read.known);
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
      from: from.nodes.map(({ name, opType }) => ({ name, operator: opType })),
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
  const known = readWeights(product, integers, scales, zeros);
  if (!known) return "its scales are laid out in a way that is not known";
  return {
    last,
    known,
    type: dataTypeName(integers.dataType),
    weights: makeTensorProto("", dequantizeKnown(known)),
    from: {
      nodes: [dynamic, product, cast, scaling, last],
      activation: dynamic.input[0]!,
      scale,
    },
  };
}

function readWeights(
  { opType }: NodeProto,
  stored: TensorProto,
  scale: TensorProto,
  zero: TensorProto | undefined,
) {
  const unpacked = storedIntegers(stored);
  const scales = readTensorProto(scale).data;
  if (!unpacked || !(scales instanceof Float32Array)) return undefined;
  const { integers, bits } = unpacked;
  const { dims } = integers;
  const zeros = zero && readTensorProto(zero).data as Int8Array | Uint8Array;
  const count = Math.max(scales.length, zeros?.length ?? 1);
  const axis = count === 1 ? undefined : opType === "MatMulInteger" ? dims.length - 1 : 0;
  if (axis !== undefined) {
    if (dims[axis] !== count) return undefined;
    // Scales multiply the result, where the columns are last and the channels are second.
    const behind = opType === "MatMulInteger" ? 0 : dims.length - 2;
    const at = scale.dims.length - 1 - behind;
    if (scales.length > 1 && dimsOf(scale)[at] !== count) return undefined;
  }
  const spread = <T extends Float32Array | Int8Array | Uint8Array>(given: T, to: T): T => {
    for (let i = 0; i < count; i++) to[i] = given[given.length === 1 ? 0 : i]!;
    return to;
  };
  const Integers = integers.type === "int8" ? Int8Array : Uint8Array;
  const zeroPoints = zeros ? spread(zeros, new Integers(count)) : new Integers(count);
  if (![1, count].includes(scales.length) || ![undefined, 1, count].includes(zeros?.length)) {
    return undefined;
  }
  return { integers, bits, axis, zeroPoints, scales: spread(scales, new Float32Array(count)) };
}
