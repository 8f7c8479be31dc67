import { CONTRIB_DOMAIN } from "../../onnx/contrib.ts";
import { makeNode } from "../../onnx/node.ts";
import type { NodeProto } from "../../onnx/onnx_pb.ts";
import {
  dynamicOf,
  type FusedScope,
  NOT_CONSTANT,
  type ReadFused,
  weightsOf,
} from "./fused_form.ts";

/** Attributes that MultiHeadAttention has too, with the same meaning. */
const SHARED: ReadonlySet<string> = new Set([
  ...["mask_filter_value", "num_heads", "scale", "unidirectional"],
]);

/**
 * A QAttention as one product for queries, keys and values, and what onnxruntime makes of the three: its weights
 * can be int8 again, as those of any MatMul.
 */
export function attentionForm(
  node: NodeProto,
  { constants, makers }: FusedScope,
): ReturnType<ReadFused> {
  const [x = "", w = "", bias = "", scale = "", s = "", mask = "", zero = "", z = "", past] =
    node.input;
  const dynamic = dynamicOf([x, scale, zero], makers);
  if (!dynamic) return "its activation comes from no DynamicQuantizeLinear";
  const others = node.attribute.filter(({ name, i, f }) => !SHARED.has(name) && (i || f));
  if (past || node.output[1]) return "it keeps keys and values of positions before";
  if (others.length > 0) return `it has ${others[0]!.name}`;
  const weights = weightsOf([w, s, z], constants);
  if (!weights) return NOT_CONSTANT;
  const follow = (product: string, fresh: (base: string) => string) => {
    const parts = ["query", "key", "value"].map((part) => fresh(`${product}_${part}`));
    const attention = makeNode(
      "MultiHeadAttention",
      [...parts, bias, mask].slice(0, mask ? 5 : bias ? 4 : 3),
      node.output,
      {},
      { name: fresh(`${node.name.replace(/_quant$/, "")}_heads`), domain: CONTRIB_DOMAIN },
    );
    const attribute = node.attribute.filter(({ name }) => SHARED.has(name));
    return [
      makeNode("Split", [product], parts, { axis: -1 }),
      { ...attention, attribute },
    ];
  };
  return {
    ...{ opType: "MatMul", input: [dynamic.input[0]!, weights], follow },
    nodes: [dynamic, node],
  };
}
