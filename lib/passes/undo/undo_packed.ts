import { intAttribute, makeNode } from "../../onnx/node.ts";
import type { GraphProto, NodeProto, TensorProto } from "../../onnx/onnx_pb.ts";
import { type PassContext, visibleConstants } from "../pass.ts";
import { floatConstant, logNames } from "./float_constant.ts";
import { readPackedProduct } from "./read_packed_product.ts";
import { readPackedRows } from "./read_packed_rows.ts";
import type { UndoLog } from "./undo_log.ts";

const PACKED: ReadonlySet<string> = new Set(["GatherBlockQuantized", "MatMulNBits"]);

/** Makes onnxruntime's operators with packed weights MatMul and Gather again. */
export function undoPacked(graph: GraphProto, context: PassContext, log: UndoLog): GraphProto {
  if (!graph.node.some(({ opType }) => PACKED.has(opType))) return graph;
  const constants = visibleConstants(graph, context);
  const added = new Map<string, TensorProto>();
  const node = graph.node.flatMap((packed): NodeProto | NodeProto[] => {
    if (!PACKED.has(packed.opType)) return packed;
    const isProduct = packed.opType === "MatMulNBits";
    const read = (isProduct ? readPackedProduct : readPackedRows)(packed, constants);
    if (typeof read === "string" || !read.scales.every(Number.isFinite)) {
      log.leave(packed, typeof read === "string" ? read : "its scales are not finite");
      return packed;
    }
    const [first = "", second = ""] = packed.input;
    const key = isProduct
      ? packed.input.slice(1, 4).join(" ")
      : [first, ...packed.input.slice(2)].join(" ");
    const table = added.get(key) ??
      floatConstant(context.fresh(`${isProduct ? second : first}_float`), read);
    added.set(key, table);
    const name = packed.name.replace(/_Q\d+$/, "");
    log.layers.push({
      node: name,
      form: "weights",
      from: logNames([packed]),
      weights: read.type,
    });
    const [output = ""] = packed.output;
    const bias = isProduct ? packed.input[5] : undefined;
    const product = bias ? context.fresh(`${output}_product`) : output;
    const float = isProduct
      ? makeNode("MatMul", [first, table.name], [product], {}, { name })
      : makeNode("Gather", [table.name, second], [output], {
        axis: intAttribute(packed, "gather_axis", 0),
      }, { name });
    context.origins.inherit(float, packed);
    if (!bias) return float;
    const add = makeNode("Add", [product, bias], [output]);
    context.origins.inherit(add, packed);
    return [float, add];
  });
  if (added.size === 0) return graph;
  return { ...graph, node, initializer: [...graph.initializer, ...added.values()] };
}
