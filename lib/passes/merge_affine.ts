import { pinned } from "../onnx/graph.ts";
import { makeNode } from "../onnx/node.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import {
  affineChain,
  type ChannelAffine,
  channelAffine,
  type ChannelAxis,
  compose,
  isArithmetic,
} from "./channel_affine.ts";
import { named, Parameters, rounded } from "./parameters.ts";
import { type PassContext, rootContext, visibleRanks } from "./pass.ts";

/**
 * Makes a Mul and an Add, or less, of Adds, Subs, Muls and Divs by constants that follow each other, each the
 * only reader of the one before: of `(x / 255 - mean) / std`, or of the scale and shift that frameworks write
 * around an activation. The constants are single numbers, or lie along one axis. What is multiplied and added
 * is computed in float64 and rounded once.
 *
 * Terms that nearly cancel each other stay: what float32 loses between them makes another result.
 */
export function mergeAffine(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
): GraphProto {
  if (graph.node.filter(isArithmetic).length < 2) return graph;
  const parameters = new Parameters(graph, context);
  const ranks = visibleRanks(graph, context);
  const kept = pinned(graph);
  const written = new Map<NodeProto, readonly NodeProto[]>();
  for (const node of graph.node) {
    const chain = written.has(node) ? undefined : chainFrom(node, parameters, ranks, kept);
    const made = chain && mulAndAdd(chain, parameters);
    if (!made) continue;
    for (const one of chain.nodes) written.set(one, []);
    written.set(node, made);
    for (const one of made) context.origins.inherit(one, ...chain.nodes);
  }
  return parameters.apply(graph.node.flatMap((node) => written.get(node) ?? [node]));
}

/** Nodes that scale and shift a value, one after the other. */
interface Chain extends ChannelAffine {
  readonly nodes: readonly [NodeProto, ...NodeProto[]];
  /** The value that the first reads. */
  readonly x: string;
  readonly output: string;
  readonly axis: ChannelAxis;
}

/** The chain that begins with a node; undefined if that stands alone, or the terms nearly cancel. */
function chainFrom(
  node: NodeProto,
  parameters: Parameters,
  ranks: ReadonlyMap<string, number>,
  kept: ReadonlySet<string>,
): Chain | undefined {
  const [x, ...others] = node.input.filter((name) => !parameters.read(name));
  if (!isArithmetic(node) || x === undefined || others.length > 0) return undefined;
  // Of an unknown rank nothing but numbers without axes is sure to leave the shape as it is.
  const axis = { ...longAxis(node, parameters), rank: ranks.get(x) ?? 0 };
  const first = channelAffine(node, x, axis, parameters);
  const rest = first && affineChain(node.output[0]!, axis, parameters, kept);
  if (!rest) return undefined;
  let chain: ChannelAffine = first;
  let [before, largest] = [node.output[0]!, offsetOf(first)];
  for (const one of rest.nodes) {
    chain = compose(chain, channelAffine(one, before, axis, parameters)!);
    before = one.output[0]!;
    largest = Math.max(largest, offsetOf(chain));
  }
  return largest <= MOST_CANCELLED * offsetOf(chain)
    ? { ...chain, nodes: [node, ...rest.nodes], x, output: rest.output, axis }
    : undefined;
}

/** How many times as large as what they come to terms may be. */
const MOST_CANCELLED = 64;

/** The largest term, in the units of what is scaled. */
function offsetOf({ scale, shift }: ChannelAffine): number {
  return shift.reduce((largest, term, c) => Math.max(largest, Math.abs(term / scale[c]!)), 0);
}

/** The axis along which the first constant lies that is more than a number, from a node on. */
function longAxis(
  node: NodeProto,
  parameters: Parameters,
): Pick<ChannelAxis, "channels" | "fromEnd"> {
  for (let next: NodeProto | undefined = node; next && isArithmetic(next);) {
    const constant = next.input.map((name) => parameters.read(name)).find((one) => one);
    if (!constant) break;
    const long = constant.dims.findIndex((length) => length > 1);
    if (long >= 0) {
      return { channels: constant.dims[long]!, fromEnd: constant.dims.length - 1 - long };
    }
    const readers: readonly NodeProto[] = parameters.readers(next.output[0]!);
    next = readers.length === 1 ? readers[0] : undefined;
  }
  return { channels: 1, fromEnd: 0 };
}

/** Fewer nodes that do the same; undefined if there are none, or their constants do not fit the type. */
function mulAndAdd(
  { nodes, x, output, scale, shift, axis: { channels, fromEnd } }: Chain,
  parameters: Parameters,
): NodeProto[] | undefined {
  const [first] = nodes;
  const constant = first.input.find((name) => name !== x)!;
  const { type } = parameters.read(constant)!;
  const dims = channels > 1 ? [channels, ...new Array<number>(fromEnd).fill(1)] : [];
  const [factors, terms] = [rounded(type, dims, scale), rounded(type, dims, shift)];
  if (!factors || !terms || scale.includes(0)) return undefined;
  const scales = scale.some((value) => value !== 1);
  const shifts = shift.some((value) => value !== 0) || !scales;
  const negates = shifts && scale.every((value) => value === -1);
  if (nodes.length <= (negates ? 1 : Number(scales) + Number(shifts))) return undefined;
  const add = (tensor: typeof factors) => parameters.add(constant, tensor);
  const like = (node: NodeProto) => named(node, first, parameters);
  if (negates) return [like(makeNode("Sub", [add(terms), x], [output]))];
  const product = !scales ? x : shifts ? parameters.fresh(`${output}_scaled`) : output;
  return [
    ...scales ? [like(makeNode("Mul", [x, add(factors)], [product]))] : [],
    ...shifts ? [like(makeNode("Add", [product, add(terms)], [output]))] : [],
  ];
}
