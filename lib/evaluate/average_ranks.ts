/**
 * The rank of each value, from 1; equal ones share the mean of theirs.
 *
 * @example
 * ```ts
 * import { averageRanks } from "./average_ranks.ts";
 * import assert from "node:assert/strict";
 * assert.deepEqual([...averageRanks(Float64Array.of(7, 5, 7, 9))], [2.5, 1, 2.5, 4]);
 * ```
 */
export function averageRanks(values: Float64Array): Float64Array {
  const order = Uint32Array.from(values.keys()).sort((a, b) => values[a]! - values[b]!);
  const ranks = new Float64Array(values.length);
  for (let start = 0, end = 0; start < order.length; start = end) {
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let i = start; i < end; i++) ranks[order[i]!] = (start + 1 + end) / 2;
  }
  return ranks;
}
