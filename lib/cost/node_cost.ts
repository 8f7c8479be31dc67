import { chainOfNodes } from "../profile/overhead.ts";
import { float32 } from "../tensor/tensor.ts";
import type { KernelTimes, WorkingSetOptions } from "./kernel_times.ts";
import type { KernelTime, TimedSubgraph } from "./time_kernels.ts";

/** Nodes of the chain. */
const LENGTH = 64;

/** What subgraphs took, and what a node takes. */
export interface TimedWithNodes {
  /** Milliseconds that a node takes whatever it does; 0 where there was nothing to time. */
  readonly nodeMs: number;
  /** None less than what its nodes take. */
  readonly times: readonly KernelTime[];
}

/**
 * Times subgraphs together with a chain of nodes that compute next to nothing: what a node takes whatever it
 * does, in the release and the binary of the runtime that is asked for. It is kept like the time of a kernel.
 */
export async function timedWithNodes(
  timed: readonly TimedSubgraph[],
  kernelTimes: KernelTimes,
  options: WorkingSetOptions,
): Promise<TimedWithNodes> {
  if (timed.length === 0) return { nodeMs: 0, times: [] };
  const [chain, ...times] = await kernelTimes.times([nodeChain(), ...timed], options);
  const nodeMs = chain!.ms / LENGTH;
  return {
    nodeMs,
    times: times.map((one) => ({ ...one, ms: Math.max(one.ms, one.runs.length * nodeMs) })),
  };
}

function nodeChain(): TimedSubgraph {
  const feeds = { x: float32([1], Float32Array.of(0.5)) };
  return { subgraph: { model: chainOfNodes(LENGTH, 2, 1), feeds }, own: new Set() };
}

/** What the nodes of two forms take, and how much longer the whole takes with the other. */
interface NodesOfForms {
  readonly chosenMs: number;
  readonly otherMs: number;
  readonly moreMs: number;
}

/**
 * That a form is slower, and whether it is its nodes that make it so.
 *
 * @example
 * ```ts
 * import { slowerByNodes } from "./node_cost.ts";
 * import assert from "node:assert/strict";
 * const [chosenMs, otherMs] = [0.01, 0.06];
 * assert.equal(slowerByNodes({ chosenMs, otherMs, moreMs: 0.02 }), "slower by what its nodes take");
 * assert.equal(slowerByNodes({ chosenMs, otherMs, moreMs: 0.2 }), "slower");
 * ```
 */
export function slowerByNodes({ chosenMs, otherMs, moreMs }: NodesOfForms): string {
  return otherMs - chosenMs >= moreMs ? "slower by what its nodes take" : "slower";
}
