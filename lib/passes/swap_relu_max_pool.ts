import { consumers, pinned, producers } from "../onnx/graph.ts";
import { intAttribute, isStandard } from "../onnx/node.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import { type PassContext, rootContext } from "./pass.ts";
import type { RewriteOptions } from "./replacement.ts";

/** Operators that keep the order of values, so that the largest stays the largest. */
const MONOTONE = ["Relu", "Clip"];

/**
 * Takes the maximum first and the Relu (or Clip) after it, on fewer values. The same numbers. Between a
 * float32 Conv and int8 layers this is the best form: the runtime moves a quantization that follows a
 * MaxPool up past it, where int8 takes three times as long and more (kernel fact int8-max-pool), but not
 * past a Relu, which vanishes into the quantization. Before an int8 Conv it is not: there the Relu belongs to the Conv.
 *
 * @param options Which MaxPools: all by default.
 */
export function swapReluMaxPool(
  graph: GraphProto,
  options: RewriteOptions = {},
  context: PassContext = rootContext(graph),
): GraphProto {
  const { select = () => true } = options;
  const makers = producers(graph);
  const readers = consumers(graph);
  const kept = pinned(graph);
  /** What comes in the place of each node. */
  const replaced = new Map<NodeProto, readonly NodeProto[]>();
  for (const pool of graph.node) {
    if (pool.opType !== "MaxPool" || !isStandard(pool) || !select(pool)) continue;
    // Among equal maxima, which a Relu makes of negative ones, the indices would be other ones; and a
    // window that ceil_mode lets begin in the padding holds nothing that a Relu may raise to 0.
    if (pool.output[1] || intAttribute(pool, "ceil_mode", 0) === 1) continue;
    const [x = ""] = pool.input;
    const relu = makers.get(x);
    if (!relu || !MONOTONE.includes(relu.opType) || !isStandard(relu)) continue;
    if (kept.has(x) || readers.get(x)?.length !== 1) continue;
    const [source = "", ...bounds] = relu.input;
    const largest = context.fresh(`${x}_pooled`);
    const first = { ...pool, input: [source], output: [largest] };
    const second = { ...relu, input: [largest, ...bounds], output: pool.output };
    context.origins.inherit(first, pool);
    context.origins.inherit(second, relu);
    replaced.set(relu, []);
    replaced.set(pool, [first, second]);
  }
  if (replaced.size === 0) return graph;
  return { ...graph, node: graph.node.flatMap((old) => replaced.get(old) ?? [old]) };
}
