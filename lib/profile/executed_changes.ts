import { allNodes } from "../onnx/graph.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import type { ExecutedChange } from "../record/runtime_table.ts";

/**
 * What one release of the runtime executes otherwise than another: operators that are there more or less often
 * than before. Names of nodes differ between releases for no reason, so that it is operators that are counted.
 *
 * @param before The graph after the one's optimization.
 * @param after The same after the other's.
 * @returns In the order of the first node that is only there in one of them.
 * @example
 * ```ts
 * import { executedChanges } from "./executed_changes.ts";
 * import { parseGraph } from "../onnx/text.ts";
 * import assert from "node:assert/strict";
 * const before = parseGraph("input x float32[1]; output y float32[1]; h = Exp(x); y = Neg(h)");
 * const after = parseGraph("input x float32[1]; output y float32[1]; y = Log(x)");
 * assert.deepEqual(executedChanges(before, after), [
 *   { opType: "Exp", before: 1, after: 0, node: "h" },
 *   { opType: "Neg", before: 1, after: 0, node: "y" },
 *   { opType: "Log", before: 0, after: 1, node: "y" },
 * ]);
 * ```
 */
export function executedChanges(before: GraphProto, after: GraphProto): ExecutedChange[] {
  const [old, now] = [byOperator(before), byOperator(after)];
  const operators = new Set([...old.keys(), ...now.keys()]);
  return [...operators].flatMap((opType): ExecutedChange[] => {
    const [left, right] = [old.get(opType) ?? [], now.get(opType) ?? []];
    if (left.length === right.length) return [];
    const [more, fewer] = left.length > right.length ? [left, right] : [right, left];
    const known = new Set(fewer.map(firstOutput));
    const only = more.find((node) => !known.has(firstOutput(node))) ?? more[0]!;
    const node = only.name || firstOutput(only);
    return [{ opType, before: left.length, after: right.length, node }];
  });
}

function byOperator(graph: GraphProto): Map<string, NodeProto[]> {
  return Map.groupBy(allNodes(graph), ({ opType }) => opType);
}

function firstOutput({ output }: NodeProto): string {
  return output[0] ?? "";
}
