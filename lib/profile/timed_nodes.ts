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
}

/** What the runtime executes of a model. */
export interface TimedGraph {
  readonly graph: GraphProto;
  readonly nodes: readonly TimedNode[];
}

/** Options for {@linkcode timedNodes}. */
export interface TimedNodesOptions {
  runtime: Runtime;
  /** What observing adds, to be taken off. @default {nothing} */
  overhead?: ProfilingOverhead;
  signal?: AbortSignal;
}

/** What observing adds where all of it is kept. */
const KEPT: ProfilingOverhead = { inside: () => 0, outside: 0 };

/**
 * Times the nodes that the runtime executes, and leads each back to the nodes of the model.
 *
 * @returns Undefined where the runtime does not tell times of nodes.
 */
export async function timedNodes(
  model: Model,
  samples: readonly Feeds[],
  { runtime, overhead = KEPT, signal }: TimedNodesOptions,
): Promise<TimedGraph | undefined> {
  const optimized = await runtime.optimized(model);
  const profile = optimized && await runtime.profile(model, samples, { ...signal && { signal } });
  if (!profile) return undefined;
  const { graph } = optimized;
  const origins = originsOf(model.graph, graph);
  const own = ownTimes(profile.nodes, overhead);
  const nodes = matchProfile(profile.nodes, graph).flatMap((node, i): TimedNode[] => {
    if (!node) return [];
    const { original, covers } = origins.get(node) ?? { covers: [] };
    const all = original ? [original, ...covers.filter((one) => one !== original)] : covers;
    return [{ node, covers: all.map(({ name }) => name), ms: own[i]! }];
  });
  return { graph, nodes };
}
