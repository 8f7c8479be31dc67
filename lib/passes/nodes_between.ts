import type { NodeProto } from "../onnx/onnx_pb.ts";

/** Where nodes stand in a graph. */
export interface Places {
  readonly makers: ReadonlyMap<string, NodeProto>;
  /** Number of each node, topologically. */
  readonly order: ReadonlyMap<NodeProto, number>;
}

/** The nodes on all ways from a value to another; none where the one does not come of the other. */
export function nodesBetween(from: string, to: string, { makers, order }: Places): Set<NodeProto> {
  const first = makers.has(from) ? order.get(makers.get(from)!)! : -1;
  const isOnWay = new Map<NodeProto, boolean>();
  const comesFrom = (name: string): boolean => {
    if (name === from) return true;
    const node = makers.get(name);
    // What stands before the value cannot come of it.
    if (!node || order.get(node)! <= first) return false;
    const known = isOnWay.get(node);
    if (known !== undefined) return known;
    // Each input is looked at: all ways count.
    const is = node.input.filter(comesFrom).length > 0;
    isOnWay.set(node, is);
    return is;
  };
  return comesFrom(to) && from !== to
    ? new Set([...isOnWay].flatMap(([node, is]) => is ? [node] : []))
    : new Set();
}
