import { allNodes } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import type { NodeCounts } from "../record/node_counts.ts";

/**
 * Counts the nodes of a model as it is in its file and as the runtime executes it, those in bodies once each.
 *
 * @param optimized The graph after the runtime's optimization, where that can be read.
 * @example
 * ```ts
 * import { countNodes } from "./count_nodes.ts";
 * import { parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 * const model = parseModel(`
 *   input x float32[2]
 *   output y float32[2]
 *   a = Identity(x)
 *   y = Relu(a)`);
 * assert.deepEqual(countNodes(model, undefined), { file: 2 });
 * ```
 */
export function countNodes(model: Model, optimized: Model | undefined): NodeCounts {
  const count = ({ graph }: Model) =>
    Iterator.from(allNodes(graph)).reduce((total) => total + 1, 0);
  return { file: count(model), ...(optimized && { executed: count(optimized) }) };
}
