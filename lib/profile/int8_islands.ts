import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import type { Model } from "../onnx/model.ts";
import { INTEGER_KERNEL, uint8Tensors } from "../quantize/read_plan.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Feeds } from "../tensor/tensor.ts";
import { type TimedNode, timedNodes } from "./timed_nodes.ts";

/** What runs on integers between two changes of precision, and what it takes. */
export interface Int8Island {
  /** Names of the nodes whose work it does. */
  readonly nodes: readonly string[];
  /** Milliseconds, with the changes of precision and layout around it. */
  readonly ms: number;
  /** Milliseconds of the same nodes in float32. */
  readonly float32Ms: number;
}

/** Options for {@linkcode timeIslands}. */
export interface TimeIslandsOptions {
  runtime: Runtime;
  signal?: AbortSignal;
}

/**
 * Times the parts of a network that are int8 against the same parts in float32. A change of precision
 * belongs to the part that it leads to or away from: an int8 kernel may be faster than float32's and
 * not be worth it.
 *
 * @param float32 The model that `int8` was converted from.
 * @returns Undefined where the runtime does not tell times of nodes.
 */
export async function timeIslands(
  float32: Model,
  int8: Model,
  samples: readonly Feeds[],
  options: TimeIslandsOptions,
): Promise<Int8Island[] | undefined> {
  const [before, after] = [
    await timedNodes(float32, samples, options),
    await timedNodes(int8, samples, options),
  ];
  if (!before || !after) return undefined;
  const named = new Set(float32.graph.node.map(({ name }) => name));
  return islandsOf(after.graph).flatMap((island): Int8Island[] => {
    const own = after.nodes.filter(({ node }) => island.has(node));
    const nodes = [...new Set(own.flatMap(({ covers }) => covers))]
      .filter((name) => name !== "" && named.has(name));
    if (nodes.length === 0) return [];
    const same = before.nodes.filter(({ covers }) => covers.some((name) => nodes.includes(name)));
    const sum = (timed: readonly TimedNode[]) => timed.reduce((total, { ms }) => total + ms, 0);
    return [{ nodes, ms: sum(own), float32Ms: sum(same) }];
  });
}

/** The nodes of an executed graph that work on integers, joined where one reads what another gives. */
function islandsOf({ node: nodes }: GraphProto): Set<NodeProto>[] {
  const uint8 = uint8Tensors(nodes);
  const touching = nodes.filter(({ opType, input, output }) =>
    INTEGER_KERNEL.test(opType) || [...input, ...output].some((name) => uint8.has(name))
  );
  const islandOf = new Map<string, Set<NodeProto>>(); // by tensor
  const islands = new Set<Set<NodeProto>>();
  for (const node of touching) {
    const tensors = [...node.input, ...node.output].filter((name) => uint8.has(name));
    const met = new Set(tensors.flatMap((name) => islandOf.get(name) ?? []));
    const island = new Set([node, ...[...met].flatMap((other) => [...other])]);
    for (const other of met) islands.delete(other);
    islands.add(island);
    for (const [name, other] of islandOf) if (met.has(other)) islandOf.set(name, island);
    for (const name of tensors) islandOf.set(name, island);
  }
  return [...islands];
}
