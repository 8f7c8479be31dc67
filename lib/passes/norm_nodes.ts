import { consumers, producers } from "../onnx/graph.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";

/** Operators that are a norm. */
const NORM = /^((Skip)?(Simplified)?Layer|RMS)Normalization$/;

const MEANS = ["ReduceMean", "GlobalAveragePool"];

/**
 * The nodes of norms over features: operators, and those that exporters write in parts, around the Sqrt of
 * a mean of squares.
 *
 * @param known Names that are known before the graph runs.
 */
export function normNodes(graph: GraphProto, known: ReadonlySet<string>): Set<NodeProto> {
  const makers = producers(graph);
  const readers = consumers(graph);
  const found = new Set<NodeProto>();
  const maker = (name: string | undefined, ...opTypes: readonly string[]) => {
    const node = makers.get(name ?? "");
    return node && opTypes.includes(node.opType) ? node : undefined;
  };
  for (const node of graph.node) {
    if (NORM.test(node.opType)) found.add(node);
    if (node.opType !== "Sqrt") continue;
    const epsilon = maker(node.input[0], "Add");
    const mean = maker(epsilon?.input.find((name) => !known.has(name)), ...MEANS);
    const square = maker(mean?.input[0], "Pow", "Mul");
    if (!epsilon || !mean || !square) continue;
    const deviation = maker(square.input[0], "Sub");
    const centre = maker(deviation?.input[1], ...MEANS);
    const parts = [centre, deviation, square, mean, epsilon, node];
    for (const part of parts) if (part) found.add(part);
    // What divides by it, and the gain and bias after that.
    for (let last = node;;) {
      const [next, ...others] = readers.get(last.output[0]!) ?? [];
      if (!next || others.length > 0 || !/^(Add|Cast|Div|Mul|Reciprocal)$/.test(next.opType)) break;
      const isFirst = last === node || last.opType === "Reciprocal";
      if (!isFirst && next.opType !== "Cast" && !next.input.some((name) => known.has(name))) break;
      found.add(next);
      last = next;
    }
  }
  return found;
}
