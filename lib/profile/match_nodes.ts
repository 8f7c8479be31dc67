import { subgraphs } from "../onnx/graph.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import type { NodeTimes } from "../runtime/profile_run.ts";

/**
 * Finds the node of the optimized graph that each timed one is. A node without a name is reported by
 * type and index (`Conv_12`), which the saved graph does not hold: those are matched in order.
 *
 * @returns One for each of `times`; undefined where nothing fits.
 */
export function matchProfile(
  times: readonly NodeTimes[],
  optimized: GraphProto,
): (NodeProto | undefined)[] {
  const found: (NodeProto | undefined)[] = [];
  const levels = Map.groupBy(times.keys(), (place) => times[place]!.parent);
  // A body comes after the node that holds it, so that its holder is found by then.
  for (const [parent, places] of levels) {
    const holder = parent === undefined ? undefined : found[parent];
    const nodes = parent === undefined
      ? optimized.node
      : holder
      ? subgraphs(holder).flatMap(({ node }) => node)
      : [];
    const byName = Map.groupBy(nodes, ({ name }) => name);
    const open: number[] = [];
    for (const place of places) {
      const node = byName.get(times[place]!.name)?.shift();
      if (node) found[place] = node;
      else open.push(place);
    }
    for (const place of open.sort((a, b) => times[a]!.index - times[b]!.index)) {
      const left = byName.get("") ?? [];
      const fitting = left.findIndex(({ opType }) => opType === times[place]!.opType);
      found[place] = fitting < 0 ? undefined : left.splice(fitting, 1)[0];
    }
  }
  return Array.from(times, (_, place) => found[place]);
}
