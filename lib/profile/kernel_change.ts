import type { KernelChange } from "../record/runtime_table.ts";
import type { NodeTimes, RunProfile } from "../runtime/profile_run.ts";
import { median } from "../tensor/quantile.ts";

/**
 * What a node must take, in one of two profiles, to be worth telling: a share of the run, and milliseconds, as
 * the profiler counts whole thousandths.
 */
const LEAST = { share: 0.05, ms: 0.05 };

/** Least factor that its time must have changed by: on a busy machine kernels that are the same differ by a fifth. */
const LEAST_FACTOR = 1.35;

/**
 * The node whose kernel's time changed most between two profiles of one model. The machine may have been
 * slower in one of them: what most of the time's nodes changed by is taken for that, and taken off.
 *
 * @returns Undefined if none changed beyond noise.
 * @example
 * ```ts
 * import { kernelChange } from "./kernel_change.ts";
 * import assert from "node:assert/strict";
 * const profile = (...ms: number[]) => ({
 *   runs: [ms.reduce((a, b) => a + b)],
 *   nodes: ms.map((one, index) => ({
 *     ...{ name: `n${index}`, opType: "Conv", index, inputs: [], outputs: [], executions: 1 },
 *     ms: [one],
 *   })),
 * });
 * // All take half as long again, but for one, which takes three times as long.
 * const change = kernelChange(profile(2, 4, 2), profile(3, 12, 3));
 * assert.deepEqual(change, { node: "n1", opType: "Conv", before: 4, after: 12, factor: 2 });
 * ```
 */
export function kernelChange(before: RunProfile, after: RunProfile): KernelChange | undefined {
  const old = byName(before);
  const pairs = [...byName(after)].flatMap(([key, { node, ms }]) => {
    const then = old.get(key);
    return then && then.ms > 0 && ms > 0 ? [{ node, before: then.ms, after: ms }] : [];
  });
  if (pairs.length === 0) return undefined;
  const pace = weightedMedian(pairs.map((pair) => [pair.after / pair.before, pair.before]));
  const wholeBefore = median(before.runs);
  const changed = pairs.filter((pair) => {
    const factor = pair.after / pair.before / pace;
    const ms = Math.max(pair.before, pair.after / pace);
    return Math.max(factor, 1 / factor) >= LEAST_FACTOR && ms >= LEAST.ms &&
      ms >= LEAST.share * wholeBefore;
  });
  if (changed.length === 0) return undefined;
  const gain = (pair: typeof pairs[number]) => Math.abs(pair.after / pace - pair.before);
  const most = changed.reduce((a, b) => gain(b) > gain(a) ? b : a);
  return {
    ...{ node: most.node.name, opType: most.node.opType },
    ...{ before: most.before, after: most.after },
    factor: most.after / most.before / pace,
  };
}

/** Nodes outside of bodies, by operator and name; releases write numbers of their own behind names. */
function byName({ nodes }: RunProfile): Map<string, { node: NodeTimes; ms: number }> {
  const outer = nodes.filter(({ parent }) => parent === undefined);
  return new Map(outer.map((node) => [
    `${node.opType} ${node.name.replace(/_token_\d+$/, "")}`,
    { node, ms: median(node.ms) },
  ]));
}

/** The value at which half of the weight is reached. */
function weightedMedian(values: readonly (readonly [value: number, weight: number])[]): number {
  const sorted = values.toSorted(([a], [b]) => a - b);
  const half = sorted.reduce((sum, [, weight]) => sum + weight, 0) / 2;
  let reached = 0;
  for (const [value, weight] of sorted) {
    reached += weight;
    if (reached >= half) return value;
  }
  return NaN;
}
