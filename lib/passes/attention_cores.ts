import { consumers, producers } from "../onnx/graph.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";

/** Operators that are the whole of attention, but for projections. */
const WHOLE: ReadonlySet<string> = new Set([
  "Attention",
  "GroupQueryAttention",
  "MultiHeadAttention",
]);

/** What scales, masks and caps scores between their product and the Softmax. */
const ON_SCORES =
  /^(Add|Cast|Clip|Div|Dropout|Identity|Max|Min|Mul|Reshape|Squeeze|Sub|Tanh|Transpose|Unsqueeze|Where)$/;

/** What lies between the Softmax and the product with the values. */
const ON_WEIGHTS = /^(Cast|Dropout|Identity|Mul|Reshape|Squeeze|Transpose|Unsqueeze|Where)$/;

/**
 * The products of attention: of two values that are computed, a Softmax and what is between, and another
 * such product; or an operator that is all of that. In the order of the graph, each with its own nodes.
 *
 * @param known Names that are known before the graph runs.
 */
export function attentionCores(
  graph: GraphProto,
  known: ReadonlySet<string>,
): ReadonlySet<NodeProto>[] {
  const makers = producers(graph);
  const readers = consumers(graph);
  const multiplies = ({ opType, input }: NodeProto) =>
    (opType === "MatMul" || opType === "Einsum") && !input.some((name) => known.has(name));
  /** The nodes up to a product of scores; undefined if there is none this way. */
  const toScores = (name: string): NodeProto[] | undefined => {
    const node = makers.get(name);
    if (!node) return undefined;
    if (multiplies(node)) return [node];
    if (!ON_SCORES.test(node.opType)) return undefined;
    for (const input of node.input) {
      const found = toScores(input);
      if (found) return [node, ...found];
    }
    return undefined;
  };
  /** The nodes up to a product with the values. */
  const toValues = (name: string): NodeProto[] | undefined => {
    for (const node of readers.get(name) ?? []) {
      if (multiplies(node)) return [node];
      if (!ON_WEIGHTS.test(node.opType)) continue;
      const found = toValues(node.output[0]!);
      if (found) return [node, ...found];
    }
    return undefined;
  };
  return graph.node.flatMap((node): ReadonlySet<NodeProto>[] => {
    if (WHOLE.has(node.opType)) return [new Set([node])];
    if (node.opType !== "Softmax") return [];
    const scores = toScores(node.input[0]!);
    const values = scores && toValues(node.output[0]!);
    return values ? [new Set([...scores, node, ...values])] : [];
  });
}
