import { isNonTensor, subgraphs } from "./graph.ts";
import { isStandard } from "./node.ts";
import type { GraphProto, NodeProto, ValueInfoProto } from "./onnx_pb.ts";

/** Operators whose results are sequences, optionals or maps, whatever they read. */
const GIVE_OTHERS = /^(Sequence(Construct|Empty|Erase|Insert|Map)|SplitToSequence|Optional)$/;

/**
 * Names of the values of a graph that are no tensors: sequences, optionals, maps. They can neither be
 * fed to a session of onnxruntime-web nor be asked of one.
 *
 * @param outer Names of such values in the graphs around it.
 * @example
 * ```ts
 * import { nonTensors } from "./non_tensors.ts";
 * import { parseGraph } from "./text.ts";
 * import assert from "node:assert/strict";
 * const graph = parseGraph(`
 *   input x float32[4]
 *   output y float32[2]
 *   parts = SplitToSequence(x, two)
 *   y = SequenceAt(parts, zero)`);
 * assert.deepEqual([...nonTensors(graph)], ["parts"]);
 * ```
 */
export function nonTensors(graph: GraphProto, outer: ReadonlySet<string> = new Set()): Set<string> {
  const found = new Set(outer);
  const declared = [...graph.input, ...graph.output, ...graph.valueInfo];
  for (const info of declared) if (isNonTensor(info)) found.add(info.name);
  for (const node of graph.node) {
    for (const name of othersOf(node, found)) found.add(name);
  }
  for (const { name } of declared.filter(isTensor)) found.delete(name);
  return found;
}

/** Names of the tensors that the nodes of a graph compute: constants are none of them. */
export function tensorsMade(graph: GraphProto): string[] {
  const others = nonTensors(graph);
  return graph.node.filter((node) => !(isStandard(node) && node.opType === "Constant"))
    .flatMap(({ output }) => output)
    .filter((name) => name !== "" && !others.has(name));
}

/** What a node gives that is no tensor. */
function othersOf(node: NodeProto, known: ReadonlySet<string>): string[] {
  const { opType, input, output } = node;
  if (node.domain === "ai.onnx.ml" && opType === "ZipMap") return output;
  if (!isStandard(node)) return [];
  if (GIVE_OTHERS.test(opType)) return output;
  if (opType === "Identity" || opType === "OptionalGetElement") {
    // Of an optional it may be a tensor that comes out; not to ask for it costs nothing.
    return known.has(input[0] ?? "") ? output : [];
  }
  const [body] = subgraphs(node);
  if (!body) return [];
  // What a Loop carries stays what it begins as; its body tells first whether to go on.
  const isLoop = opType === "Loop";
  const results = isLoop ? body.output.slice(1) : body.output;
  const inside = nonTensors(body, known);
  return output.filter((_, i) =>
    isLoop && known.has(input[i + 2] ?? "") || inside.has(results[i]?.name ?? "")
  );
}

function isTensor({ type }: ValueInfoProto): boolean {
  return type?.value.case === "tensorType";
}
