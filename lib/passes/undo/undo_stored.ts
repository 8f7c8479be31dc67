import { lookUp } from "../../look_up.ts";
import { consumers, producers } from "../../onnx/graph.ts";
import { isStandard } from "../../onnx/node.ts";
import type { GraphProto, NodeProto, TensorProto } from "../../onnx/onnx_pb.ts";
import { dataTypeName, makeTensorProto } from "../../onnx/tensor_proto.ts";
import { type KnownIntegers, rememberIntegers } from "../known_integers.ts";
import { everywhere, type PassContext, visibleConstants } from "../pass.ts";
import { readDequantized } from "./read_dequantized.ts";
import { readPackedProduct } from "./read_packed_product.ts";
import { dequantizeKnown } from "./stored_integers.ts";
import type { UndoLog } from "./undo_log.ts";

/** Inputs at which layers read their weights. */
const WEIGHTS: Readonly<Record<string, readonly number[]>> = {
  Conv: [1],
  ConvTranspose: [1],
  Gather: [0],
  Gemm: [1],
  GRU: [1, 2],
  LSTM: [1, 2],
  MatMul: [1],
  RNN: [1, 2],
};

/** Makes constants that are stored as integers constants of float32 again, which know their integers. */
export function undoStored(graph: GraphProto, context: PassContext, log: UndoLog): GraphProto {
  return everywhere((inner, around) => undoConstants(inner, around, log))(graph, context);
}

function undoConstants(graph: GraphProto, context: PassContext, log: UndoLog): GraphProto {
  const stored = graph.node.filter((node) =>
    node.opType === "DequantizeLinear" && isStandard(node) || node.opType === "MatMulNBits"
  );
  if (stored.length === 0) return graph;
  const constants = visibleConstants(graph, context);
  const results = new Set(graph.output.map(({ name }) => name));
  const added: TensorProto[] = [];
  const gone = new Map<NodeProto, NodeProto | undefined>();
  const leave = ({ name, opType }: NodeProto, why: string) =>
    void log.left.push({ name, operator: opType, why });
  const makers = producers(graph);
  const readers = consumers(graph);
  for (const node of stored) {
    const [output = ""] = node.output;
    if (node.opType === "MatMulNBits") {
      const read = readPackedProduct(node, constants);
      if (typeof read === "string") leave(node, read);
      else {
        const weights = constantOf(context.fresh(`${node.input[1]}_float`), read);
        added.push(weights);
        gone.set(node, floatProduct(node, weights.name, context, log, `uint${read.bits}`));
      }
      continue;
    }
    // Of an activation: not a matter of stored constants.
    if (!constants.has(node.input[0]!)) continue;
    const read = readDequantized(node, constants);
    if (read === undefined) continue;
    if (typeof read === "string" || results.has(output)) {
      leave(node, typeof read === "string" ? read : "it makes an output of the graph");
      continue;
    }
    added.push(constantOf(output, read));
    gone.set(node, undefined);
    const type = dataTypeName(constants.get(node.input[0]!)!.dataType);
    for (const reader of readers.get(output) ?? []) {
      const at = isStandard(reader) ? lookUp(WEIGHTS, reader.opType) : undefined;
      if (!at?.some((i) => reader.input[i] === output)) continue;
      const activation = makers.get(reader.input[reader.opType === "Gather" ? 1 : 0]!);
      if (activation?.opType === "DequantizeLinear") continue;
      if (log.layers.some(({ node }) => node === reader.name && node !== "")) continue;
      const from = [node, reader].map(({ name, opType }) => ({ name, operator: opType }));
      log.layers.push({ node: reader.name, form: "weights", from, weights: type });
    }
  }
  if (added.length === 0) return graph;
  const node = graph.node.flatMap((old) => gone.has(old) ? gone.get(old) ?? [] : old);
  return { ...graph, node, initializer: [...graph.initializer, ...added] };
}

function constantOf(name: string, known: KnownIntegers): TensorProto {
  const tensor = makeTensorProto(name, dequantizeKnown(known));
  rememberIntegers(tensor, known);
  return tensor;
}

function floatProduct(
  packed: NodeProto,
  weights: string,
  { origins }: PassContext,
  log: UndoLog,
  type: string,
): NodeProto {
  const name = packed.name.replace(/_Q\d+$/, "");
  const input = [packed.input[0]!, weights];
  const product = { ...packed, opType: "MatMul", domain: "", name, input, attribute: [] };
  origins.inherit(product, packed);
  const from = [{ name: packed.name, operator: packed.opType }];
  log.layers.push({ node: name, form: "weights", from, weights: type });
  return product;
}
