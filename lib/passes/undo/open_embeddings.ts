import { consumers, pinned } from "../../onnx/graph.ts";
import { type AttributeValue, float, floatAttribute, makeNode } from "../../onnx/node.ts";
import type { GraphProto, NodeProto, TensorProto } from "../../onnx/onnx_pb.ts";
import { makeTensorProto } from "../../onnx/tensor_proto.ts";
import { everywhere, type PassContext } from "../pass.ts";
import type { UndoLog } from "./undo_log.ts";

/** The first opset with a LayerNormalization. */
const LAYER_NORMALIZATION = 17;

/** Takes onnxruntime's embeddings on integers apart into tables behind DequantizeLinear, Gather and LayerNormalization. */
export function openEmbeddings(graph: GraphProto, context: PassContext, log: UndoLog): GraphProto {
  return everywhere((inner, around) => {
    const readers = consumers(inner);
    const kept = pinned(inner);
    const added: TensorProto[] = [];
    const node = inner.node.flatMap((one) => {
      if (one.opType !== "QEmbedLayerNormalization") return one;
      const [, mask = ""] = one.output;
      const isMaskRead = readers.has(mask) || kept.has(mask);
      if (around.opset < LAYER_NORMALIZATION || isMaskRead && !one.input[7]) {
        log.leave(
          one,
          "it has no form of standard operators in this opset, or makes a mask of none",
        );
        return one;
      }
      const nodes = opened(one, isMaskRead, around, added);
      for (const made of nodes) around.origins.inherit(made, one);
      return nodes;
    });
    return added.length === 0
      ? inner
      : { ...inner, node, initializer: [...inner.initializer, ...added] };
  })(graph, context);
}

function opened(
  node: NodeProto,
  isMaskRead: boolean,
  { fresh }: PassContext,
  added: TensorProto[],
): NodeProto[] {
  const [ids = "", segments = "", ...others] = node.input;
  const name = node.name.replace(/_quant$/, "");
  const nodes: NodeProto[] = [];
  const put = (
    opType: string,
    input: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    output = fresh(`${name}_${opType.toLowerCase()}`),
  ) => {
    nodes.push(makeNode(opType, input, [output], attributes, { name: fresh(`${name}_${opType}`) }));
    return output;
  };
  const list = (value: bigint) => {
    const made = makeTensorProto(fresh(`${name}_${value}`), {
      ...{ type: "int64", dims: [1] },
      data: BigInt64Array.of(value),
    });
    added.push(made);
    return made.name;
  };
  // Words, positions, segments, gamma and beta; the mask; their scales; their zero points.
  const floats = others.slice(0, 5).map((integers, i) =>
    integers === "" ? "" : put("DequantizeLinear", [integers, others[6 + i]!, others[11 + i]!])
  );
  const [words = "", positions = "", table = "", gamma = "", beta = ""] = floats;
  const length = put("Shape", [ids], { start: 1, end: 2 });
  const zero = list(0n);
  const sum = put("Add", [
    put("Gather", [words, ids]),
    put("Slice", [positions, zero, length, zero]),
  ]);
  const all = segments === "" ? sum : put("Add", [sum, put("Gather", [table, segments])]);
  const epsilon = floatAttribute(node, "epsilon", 1e-12);
  put(
    "LayerNormalization",
    [all, gamma, beta],
    { axis: -1, epsilon: float(epsilon) },
    node.output[0]!,
  );
  if (isMaskRead) put("ReduceSum", [others[5]!, list(1n)], { keepdims: 0 }, node.output[1]!);
  return nodes;
}
