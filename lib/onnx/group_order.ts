import { namesRead } from "./graph.ts";
import type { NodeProto } from "./onnx_pb.ts";

/**
 * Orders groups of nodes so that each comes after those it reads from. Groups that wait for each other
 * in a circle are taken apart.
 */
export function inOrder(
  groups: readonly (readonly NodeProto[])[],
  makers: ReadonlyMap<string, NodeProto>,
): (readonly NodeProto[])[] {
  const home = new Map(groups.flatMap((group) => group.map((node) => [node, group])));
  const waits = new Map(groups.map((group) => {
    const read = group.flatMap((node) => [...namesRead(node)]);
    const from = new Set(read.map((name) => home.get(makers.get(name)!)));
    // Nothing makes an input of the graph or a constant.
    return [group, [...from].filter((other) => other !== undefined && other !== group)];
  }));
  const ordered: (readonly NodeProto[])[] = [];
  const done = new Set<readonly NodeProto[]>();
  for (let open = groups; open.length > 0;) {
    const ready = open.filter((group) => waits.get(group)!.every((other) => done.has(other!)));
    if (ready.length === 0) {
      const apart = open.flatMap((group) => group.map((node) => [node]));
      return [...ordered, ...inOrder(apart, makers)];
    }
    for (const group of ready) done.add(group);
    ordered.push(...ready);
    open = open.filter((group) => !done.has(group));
  }
  return ordered;
}
