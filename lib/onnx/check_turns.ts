import { nodeLabel, type Refuse } from "./check_attributes.ts";
import { allNodes, constants } from "./graph.ts";
import { isStandard } from "./node.ts";
import type { GraphProto, NodeProto } from "./onnx_pb.ts";
import { ranks } from "./ranks.ts";

/**
 * Checks that each Transpose names each axis of what it turns once, as far as their number follows from
 * the network's inputs, its constants and operators. Shapes that the file notes of what lies between may
 * be those of before a rewrite.
 */
export function checkTurns(graph: GraphProto, refuse: Refuse): void {
  const nodes = [...allNodes(graph)].filter((node) => permOf(node)?.length);
  if (nodes.length === 0) return;
  const known = ranks({ ...graph, valueInfo: [], output: [] }, constants(graph));
  const own = new Set(graph.node);
  for (const node of nodes) {
    const [input = ""] = node.input;
    checkPerm(node, own.has(node) ? known.get(input) : undefined, refuse);
  }
}

function checkPerm(node: NodeProto, rank: number | undefined, refuse: Refuse): void {
  const perm = permOf(node)!;
  const axes = new Set(perm.filter((axis) => axis >= 0n && axis < perm.length));
  if (axes.size === perm.length && (rank === undefined || rank === perm.length)) return;
  const turned = rank === undefined
    ? `${perm.length} axes`
    : `the ${rank} axes of "${node.input[0]}"`;
  refuse(`perm ${shortList(perm)} of ${nodeLabel(node)} is no order of ${turned}`);
}

/** The order of axes that a Transpose states. */
function permOf(node: NodeProto): readonly bigint[] | undefined {
  if (node.opType !== "Transpose" || !isStandard(node)) return undefined;
  return node.attribute.find(({ name, refAttrName }) => name === "perm" && !refAttrName)?.ints;
}

/** A list as a message shows it: its beginning and its length where it is long. */
function shortList(values: readonly bigint[]): string {
  const shown = values.slice(0, 8).join(", ");
  return values.length > 8 ? `[${shown}, … ${values.length} in all]` : `[${shown}]`;
}
