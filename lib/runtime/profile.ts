/** Times of one node of the optimised graph. */
export interface NodeTimes {
  /** Name in the optimised graph; fused nodes have made-up ones. */
  readonly name: string;
  readonly opType: string;
  /** Position in the optimised graph's order of execution; nodes of bodies count on their own. */
  readonly index: number;
  /** Shapes of its outputs in the last run. */
  readonly outputs: readonly (readonly number[])[];
  /** Milliseconds of each execution, in order. A node of a loop's body has several per run. */
  readonly ms: readonly number[];
}

/** What the runtime prints about one execution of a node. Durations are microseconds. */
interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  readonly dur: number;
  readonly args?: {
    readonly op_name?: string;
    readonly node_index?: string;
    readonly output_type_shape?: readonly Readonly<Record<string, readonly number[]>>[];
  };
}

/** Ending of the events that time the kernel itself. */
const KERNEL = "_kernel_time";

/**
 * Reads the profile that onnxruntime prints when profiling ends: a JSON array in the format of
 * Chrome's tracing, which log lines may surround.
 *
 * @throws {SyntaxError} If the text holds no such array.
 * @example
 * ```ts
 * import { readProfile } from "./profile.ts";
 * import assert from "node:assert/strict";
 * const text = `[\n{"cat":"Node","dur":1500,"name":"fc_kernel_time","args":{"op_name":"Gemm",` +
 *   `"node_index":"2","output_type_shape":[{"float":[1,10]}]}}\n]`;
 * assert.deepEqual(readProfile(text), [
 *   { name: "fc", opType: "Gemm", index: 2, outputs: [[1, 10]], ms: [1.5] },
 * ]);
 * ```
 */
export function readProfile(text: string): NodeTimes[] {
  const begin = text.startsWith("[\n") ? 0 : text.lastIndexOf("\n[\n") + 1;
  const events: ProfileEvent[] = JSON.parse(text.slice(begin, text.lastIndexOf("]") + 1));
  const nodes = new Map<string, NodeTimes & { readonly ms: number[] }>();
  for (const { cat, name, dur, args } of events) {
    if (cat !== "Node" || !name.endsWith(KERNEL)) continue;
    const opType = args?.op_name ?? "";
    const key = JSON.stringify([args?.node_index, opType, name]);
    const ms = nodes.get(key)?.ms ?? [];
    ms.push(dur / 1000);
    nodes.set(key, {
      name: name.slice(0, -KERNEL.length),
      opType,
      index: Number(args?.node_index ?? -1),
      outputs: (args?.output_type_shape ?? []).flatMap((output) => Object.values(output)),
      ms,
    });
  }
  return [...nodes.values()].sort((a, b) => a.index - b.index);
}
