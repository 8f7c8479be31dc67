import { producers } from "../onnx/graph.ts";
import { intAttribute, intsAttribute, isStandard, makeNode } from "../onnx/node.ts";
import type { GraphProto, NodeProto, TensorProto } from "../onnx/onnx_pb.ts";
import { readIntegers } from "../onnx/read_integers.ts";
import { type PassContext, rootContext, visibleConstants, visibleRanks } from "./pass.ts";
import { removeDead } from "./remove_dead.ts";

/**
 * Swaps the last two axes of a value by one Transpose, where torch's exporter does so for the keys of
 * attention by a Reshape into a stack of matrices, a Transpose of these and a Reshape back, whose shapes it
 * works out from that of the value by ten nodes more.
 */
export function joinKeyTransposes(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
): GraphProto {
  const swaps = graph.node.some((node) => isSwap(node));
  if (!swaps) return graph;
  const facts = {
    makers: producers(graph),
    constants: visibleConstants(graph, context),
    ranks: visibleRanks(graph, context),
  };
  const node = graph.node.map((back) => {
    const x = back.opType === "Reshape" && isStandard(back) ? swapped(back, facts) : undefined;
    if (!x) return back;
    const perm = Array.from({ length: x.rank }, (_, axis) => axis);
    [perm[x.rank - 2], perm[x.rank - 1]] = [x.rank - 1, x.rank - 2];
    const made = makeNode("Transpose", [x.name], back.output, { perm }, { name: back.name });
    context.origins.inherit(made, back);
    return { ...made, metadataProps: back.metadataProps };
  });
  if (node.every((made, i) => made === graph.node[i])) return graph;
  return removeDead({ ...graph, node });
}

interface Facts {
  readonly makers: ReadonlyMap<string, NodeProto>;
  readonly constants: ReadonlyMap<string, TensorProto>;
  readonly ranks: ReadonlyMap<string, number>;
}

/** Whether a node swaps the rows and columns of a stack of matrices. */
function isSwap(node: NodeProto): boolean {
  const perm = node.opType === "Transpose" && isStandard(node) && intsAttribute(node, "perm");
  return !!perm && perm.length === 3 && perm[0] === 0 && perm[1] === 2;
}

/** The value of which a Reshape gives the last two axes swapped, if it does. */
function swapped(back: NodeProto, facts: Facts): { name: string; rank: number } | undefined {
  const swap = facts.makers.get(back.input[0]!);
  if (!swap || !isSwap(swap)) return undefined;
  const stack = facts.makers.get(swap.input[0]!);
  if (stack?.opType !== "Reshape" || !isStandard(stack)) return undefined;
  const [name = ""] = stack.input;
  const rank = facts.ranks.get(name);
  if (rank === undefined || rank < 3) return undefined;
  const axes = Array.from({ length: rank }, (_, axis) => `axis ${axis}`);
  const [rows, columns] = axes.slice(-2);
  const is = ({ input, attribute }: NodeProto, lengths: readonly (string | undefined)[]) => {
    // A 0 would be taken over from what is read; a length of 0 is none that attention has to swap.
    const keepsZeros = attribute.some(({ name, i }) => name === "allowzero" && i === 1n);
    const said = lengthsOf(input[1]!, name, rank, facts);
    return !keepsZeros && said?.join() === lengths.join();
  };
  return is(stack, ["-1", rows, columns]) && is(back, [...axes.slice(0, -2), columns, rows])
    ? { name, rank }
    : undefined;
}

/**
 * What a list of lengths holds: numbers, and axes of a value, as `axis 2`. Undefined where anything else
 * decides.
 */
function lengthsOf(
  list: string,
  of: string,
  rank: number,
  facts: Facts,
): string[] | undefined {
  const { makers, constants } = facts;
  const known = constants.has(list) ? readIntegers(constants.get(list)) : undefined;
  if (known) return known.map(String);
  const node = makers.get(list);
  if (!node || !isStandard(node)) return undefined;
  const { opType, input } = node;
  const integers = (i: number) => readIntegers(constants.get(input[i] ?? ""));
  if (opType === "Shape" && input[0] === of) {
    const axes = Array.from({ length: rank }, (_, axis) => `axis ${axis}`);
    return axes.slice(intAttribute(node, "start", 0), intAttribute(node, "end", rank));
  }
  if (opType === "Concat") {
    const parts = input.map((part) => lengthsOf(part, of, rank, facts));
    return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
  }
  if (opType !== "Slice") return undefined;
  const from = lengthsOf(input[0]!, of, rank, facts);
  const [start, end] = [integers(1), integers(2)];
  const isAlong = (input.length < 4 || integers(3)?.join() === "0") &&
    (input.length < 5 || integers(4)?.join() === "1");
  return from && start?.length === 1 && end?.length === 1 && isAlong
    ? from.slice(start[0], end[0])
    : undefined;
}
