import type { NodeCounts } from "../record/node_counts.ts";
import { count } from "./format.ts";

/**
 * How many nodes run, of how many in the file: `402 of 1,261`; those of the file alone where the runtime's
 * graph could not be read.
 *
 * @example
 * ```ts
 * import { nodeText } from "./node_text.ts";
 * import assert from "node:assert/strict";
 * assert.equal(nodeText({ file: 1261, executed: 402 }), "402 of 1,261");
 * assert.equal(nodeText({ file: 12 }), "12");
 * ```
 */
export function nodeText({ file, executed }: NodeCounts): string {
  return executed === undefined ? count(file) : `${count(executed)} of ${count(file)}`;
}
