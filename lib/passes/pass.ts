import { constants, makeNamer, mapSubgraphs, subgraphs } from "../onnx/graph.ts";
import type { GraphProto, TensorProto } from "../onnx/onnx_pb.ts";
import { FoldingBudget } from "./folding_budget.ts";
import { QUANTIZED_OPSET } from "../onnx/opset.ts";
import { Origins } from "./origins.ts";
import { ranks } from "../onnx/ranks.ts";

/**
 * A rewrite that keeps what a graph computes in float32. Any function of this shape will do, and
 * `fuse(model, { passes })` runs it after the built-in ones.
 *
 * It must return the same object if it had nothing to do, as that is how the end is found, and change no
 * node or graph in place. It sees one graph, not the bodies of its nodes: `fuse()` gives it
 * these, too. A node that stands for others inherits from them (`context.origins`), so that rules and plans
 * find it by their module paths.
 * @category Steps
 */
export type Pass = (graph: GraphProto, context: PassContext) => GraphProto;

/** A pass that makes its own context where it is given none. */
export type RootPass = (graph: GraphProto, context?: PassContext) => GraphProto;

/**
 * What a pass may know besides the graph it rewrites.
 * @category Passes (advanced)
 */
export interface PassContext {
  /** Constants of the graphs around this one, by name, if it is the body of an If, Loop or Scan. */
  readonly outerConstants: ReadonlyMap<string, TensorProto>;
  /** Ranks of the values of those graphs, as far as known. */
  readonly outerRanks: ReadonlyMap<string, number>;
  /** Makes names that are free in the whole model. */
  readonly fresh: (base: string) => string;
  /** Which nodes of the network as it came were merged into which. */
  readonly origins: Origins;
  /** Bytes by which one computed constant may exceed what it is computed from. */
  readonly maxGrowth: number;
  /** What all passes together may compute ahead. */
  readonly folding: FoldingBudget;
  /** Version of the standard operators. */
  readonly opset: number;
}

/**
 * Limits of passes that compute constants ahead.
 * @category Passes (advanced)
 */
export interface PassOptions {
  /**
   * Bytes by which one computed constant may exceed what it is computed from. Enough for the
   * parameters of a BatchNorm; too little for weights that the file holds as ConstantOfShape, or as
   * int8 with a Cast, which are there to keep it small. @default {16384}
   */
  maxGrowth?: number;
  /** Version of the standard operators. @default {13, the first with which a network is quantized} */
  opset?: number;
}

/** What there is to know around the main graph of a model. */
export function rootContext(graph: GraphProto, options: PassOptions = {}): PassContext {
  const { maxGrowth = 16_384, opset = QUANTIZED_OPSET } = options;
  return {
    outerConstants: new Map(),
    outerRanks: new Map(),
    fresh: makeNamer(graph),
    origins: new Origins(),
    maxGrowth,
    folding: FoldingBudget.of(graph),
    opset,
  };
}

/** All constants that a graph can read: its own and those of the graphs around it. */
export function visibleConstants(
  graph: GraphProto,
  context: PassContext,
): Map<string, TensorProto> {
  const own = constants(graph);
  if (context.outerConstants.size === 0) return own;
  const all = new Map(context.outerConstants);
  // The inputs of a body hide what has their name outside.
  for (const { name } of graph.input) all.delete(name);
  for (const { output } of graph.node) for (const name of output) all.delete(name);
  for (const [name, tensor] of own) all.set(name, tensor);
  return all;
}

/** Ranks of all values that a graph can read, as far as known. */
export function visibleRanks(graph: GraphProto, context: PassContext): Map<string, number> {
  return ranks(graph, visibleConstants(graph, context), context.outerRanks);
}

/** What there is to know around the bodies of a graph's nodes. */
export function contextInside(graph: GraphProto, context: PassContext): PassContext {
  return {
    ...context,
    outerConstants: visibleConstants(graph, context),
    outerRanks: visibleRanks(graph, context),
  };
}

/** The pass on a graph, then on the bodies of its nodes, and on theirs. */
export function everywhere(pass: Pass): RootPass {
  const walk = (graph: GraphProto, context: PassContext): GraphProto => {
    const rewritten = pass(graph, context);
    if (!rewritten.node.some((node) => subgraphs(node).length > 0)) return rewritten;
    const inner = contextInside(rewritten, context);
    const node = rewritten.node.map((outer) => {
      const mapped = mapSubgraphs(outer, (body) => walk(body, inner));
      if (mapped !== outer) context.origins.inherit(mapped, outer);
      return mapped;
    });
    return node.every((mapped, i) => mapped === rewritten.node[i])
      ? rewritten
      : { ...rewritten, node };
  };
  return (graph, context = rootContext(graph)) => walk(graph, context);
}

/** Rounds after which passes are taken to undo each other, or to change the graph without end. */
const MOST_ROUNDS = 100;

/**
 * The passes in turn, again until none finds anything to do.
 *
 * @param endless Makes the error for passes that never come to an end. @default {a mistake of ours}
 */
export function untilStable(
  passes: readonly Pass[],
  endless = () => new Error("Cannot finish rewriting the graph: two passes undo each other"),
): RootPass {
  return (graph, context = rootContext(graph)) => {
    // Each pass removes nodes or moves constants forward, so this ends; the bound catches two passes
    // that undo each other, which is a mistake in them and not in the model.
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const before = graph;
      for (const pass of passes) graph = pass(graph, context);
      if (graph === before) return graph;
    }
    throw endless();
  };
}
