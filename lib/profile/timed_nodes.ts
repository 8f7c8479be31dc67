import type { Model } from "../onnx/model.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Feeds } from "../tensor/tensor.ts";
import { originsOf } from "./executed.ts";
import { matchProfile } from "./match_nodes.ts";
import { ownTimes, type ProfilingOverhead } from "./overhead.ts";

/** A node that the runtime executes, with its time. */
export interface TimedNode {
  /** Of the graph that the runtime executes. */
  readonly node: NodeProto;
  /** Names of the nodes of the model whose work it does; first the one that it stands for. */
  readonly covers: readonly string[];
  /** Milliseconds in one run, without what is in its bodies. */
  readonly ms: number;
  /** Executions in one run. */
  readonly executions: number;
}

/** What the runtime executes of a model. */
export interface TimedGraph {
  readonly graph: GraphProto;
  readonly nodes: readonly TimedNode[];
}

/** Options for {@linkcode timedNodes}. */
export interface TimedNodesOptions {
  runtime: Runtime;
  signal?: AbortSignal;
}

/** What observing adds: all of it is kept. */
const KEPT: ProfilingOverhead = { inside: () => 0, outside: 0 };

/**
 * Times the nodes that the runtime executes, and leads each back to the nodes of the model.
 *
 * @returns Undefined where the runtime does not tell times of nodes.
 */
export async function timedNodes(
  model: Model,
  samples: readonly Feeds[],
  { runtime, signal }: TimedNodesOptions,
): Promise<TimedGraph | undefined> {
  const optimized = await runtime.optimized(model);
  const profile = optimized && await runtime.profile(model, samples, { ...signal && { signal } });
  if (!profile) return undefined;
  const { graph } = optimized;
  const origins = originsOf(model.graph, graph);
  const own = ownTimes(profile.nodes, KEPT);
  const nodes = matchProfile(profile.nodes, graph).flatMap((node, i): TimedNode[] => {
    if (!node) return [];
    const { original, covers } = origins.get(node) ?? { covers: [] };
    const all = original ? [original, ...covers.filter((one) => one !== original)] : covers;
    const { executions } = profile.nodes[i]!;
    return [{ node, covers: all.map(({ name }) => name), ms: own[i]!, executions }];
  });
  return { graph, nodes };
}

/** What observing adds to an execution at most, ms: single microseconds, more on a busy machine. */
const MOST_ADDED = 0.01;

/**
 * The same with times that make up a whole run, as it was measured unobserved. What observing adds is taken off
 * each execution first: where it is not, small nodes look as if they took half of a small network.
 *
 * @param wholeMs Milliseconds of a run.
 */
export function scaledTo({ graph, nodes }: TimedGraph, wholeMs: number): TimedGraph {
  const sumOf = (all: readonly TimedNode[]) => all.reduce((sum, { ms }) => sum + ms, 0);
  const executions = nodes.reduce((all, one) => all + one.executions, 0);
  const added = Math.min(MOST_ADDED, Math.max(0, sumOf(nodes) - wholeMs) / executions);
  const plain = nodes.map((one) => ({ ...one, ms: Math.max(0, one.ms - added * one.executions) }));
  const sum = sumOf(plain);
  const scale = sum > 0 ? wholeMs / sum : 1;
  return { graph, nodes: plain.map((one) => ({ ...one, ms: one.ms * scale })) };
}
