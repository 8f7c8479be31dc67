import { create } from "@bufbuild/protobuf";
import { Model } from "../onnx/model.ts";
import { allNodes } from "../onnx/graph.ts";
import {
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  type OperatorSetIdProto,
} from "../onnx/onnx_pb.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { NodeTimes } from "../runtime/profile_run.ts";
import { elementCount, type Tensor } from "../tensor/tensor.ts";
import { type Edges, findEdges } from "./edges.ts";
import { matchProfile } from "../profile/match_nodes.ts";
import { ownTimes, type ProfilingOverhead } from "../profile/overhead.ts";
import type { Subgraph } from "../onnx/extract.ts";
import { renameGraph } from "../onnx/rename.ts";
import type { Conversion, TensorForm } from "./tensor_form.ts";

/** A subgraph of a network in one form, to be timed. */
export interface TimedSubgraph {
  readonly subgraph: Subgraph;
  /** Names of nodes that are the subgraph's own: not taken for changes of layout at its edges. */
  readonly own: ReadonlySet<string>;
  /** Names of nodes that are there only so that the subgraph runs as it does among its neighbours. */
  readonly context?: ReadonlySet<string>;
}

/** What a conversion at an edge took, for that many elements. */
export interface ConversionTime {
  readonly conversion: Conversion;
  readonly elements: number;
  readonly ms: number;
}

/** What a subgraph took. */
export interface KernelTime {
  /** Milliseconds of the subgraph itself, without what is at its edges. */
  readonly ms: number;
  readonly input: TensorForm;
  readonly output: TensorForm;
  readonly conversions: readonly ConversionTime[];
  /** Operators that ran. */
  readonly runs: readonly string[];
  /** Milliseconds in the mean of all runs: the more above `ms`, the more else the machine had to do. */
  readonly meanMs?: number;
}

/** Options for {@linkcode timeKernels}. */
export interface TimeKernelsOptions {
  /** Least milliseconds of all runs together. @default {300} */
  minMs?: number;
  signal?: AbortSignal;
}

/**
 * Times subgraphs of networks, each by itself, in turns: they stand side by side in one model, so that
 * each run executes all of them, and what slows the machine down meets all alike.
 *
 * @returns Undefined if this build of onnxruntime does not let its clock be read.
 */
export async function timeKernels(
  runtime: Runtime,
  timed: readonly TimedSubgraph[],
  overhead: ProfilingOverhead,
  options: TimeKernelsOptions = {},
): Promise<KernelTime[] | undefined> {
  const { minMs = 300, signal } = options;
  const model = sideBySide(timed.map(({ subgraph }) => subgraph));
  const feeds = Object.fromEntries(
    timed.flatMap(({ subgraph }, i) =>
      Object.entries(subgraph.feeds).map((
        [name, tensor],
      ): [string, Tensor] => [inside(i, name), tensor])
    ),
  );
  const optimized = await runtime.optimized(model);
  const profile = optimized && await runtime.profile(model, [feeds], { minMs, signal });
  if (!optimized || !profile) return undefined;
  const executed = executedNodes(profile.nodes, optimized.graph, overhead);
  const homes = homesOf(optimized.graph);
  const bySubgraph = Map.groupBy(executed, ({ node }) => homes.get(node));
  return timed.map((one, i) => readTimes(one, i, bySubgraph.get(i) ?? []));
}

/** A node of the main graph that ran. */
interface Executed {
  readonly node: NodeProto;
  /** Milliseconds, what is in its bodies included: left alone, and in the mean. */
  readonly ms: number;
  readonly meanMs: number;
  /** Elements of what it gives. */
  readonly elements: number;
}

function executedNodes(
  times: readonly NodeTimes[],
  optimized: GraphProto,
  overhead: ProfilingOverhead,
): Executed[] {
  const matched = matchProfile(times, optimized);
  const withBodies = (whole: number[]) => {
    // Bodies come after what holds them, so that from the end each has all of its own by then.
    for (let i = times.length - 1; i >= 0; i--) {
      const { parent } = times[i]!;
      if (parent !== undefined) whole[parent]! += whole[i]!;
    }
    return whole;
  };
  const whole = withBodies(ownTimes(times, overhead));
  const means = withBodies(ownTimes(times, overhead, mean));
  return times.flatMap(({ parent, outputs }, i) => {
    const node = matched[i];
    if (parent !== undefined || !node) return [];
    // What observing adds is not the same for all: of some nodes more is taken off than they took.
    const ms = Math.max(whole[i]!, overhead.node ?? 0);
    return { node, ms, meanMs: means[i]!, elements: elementCount(outputs[0] ?? [0]) };
  });
}

function mean(ms: readonly number[]): number {
  return ms.reduce((sum, time) => sum + time, 0) / ms.length;
}

function readTimes(one: TimedSubgraph, index: number, executed: readonly Executed[]): KernelTime {
  const { subgraph: { model, feeds }, own, context = new Set() } = one;
  const name = (node: NodeProto) => outside(index, node.name).replace(/_token_\d+$/, "");
  const isContext = ({ node }: Executed) => context.has(name(node));
  const edges: Edges = findEdges(
    executed.map(({ node }) => node),
    Object.keys(feeds).map((input) => inside(index, input)),
    model.graph.output.map((output) => inside(index, output.name)),
    (node) => own.has(name(node)),
  );
  const atEdge = new Map(edges.nodes.map(({ node, conversion }) => [node, conversion]));
  const inner = executed.filter((one) => !atEdge.has(one.node) && !isContext(one));
  return {
    ms: inner.reduce((sum, { ms }) => sum + ms, 0),
    input: edges.input,
    output: edges.output,
    conversions: executed.flatMap(({ node, ms, elements }) => {
      const conversion = atEdge.get(node);
      return conversion ? [{ conversion, elements, ms }] : [];
    }),
    runs: inner.map(({ node }) => node.opType),
    meanMs: inner.reduce((sum, { meanMs }) => sum + meanMs, 0),
  };
}

/** Puts subgraphs into one model, with a prefix for all names of each. */
function sideBySide(subgraphs: readonly Subgraph[]): Model {
  const graphs = subgraphs.map(({ model }, i) =>
    renameGraph(named(model.graph), (n) => inside(i, n))
  );
  const opsets = new Map<string, OperatorSetIdProto>();
  for (const { model } of subgraphs) {
    for (const opset of model.proto.opsetImport) {
      const known = opsets.get(opset.domain);
      if (!known || known.version < opset.version) opsets.set(opset.domain, opset);
    }
  }
  const graph = create(GraphProtoSchema, {
    name: "side by side",
    node: graphs.flatMap(({ node }) => node),
    initializer: graphs.flatMap(({ initializer }) => initializer),
    sparseInitializer: graphs.flatMap(({ sparseInitializer }) => sparseInitializer),
    input: graphs.flatMap(({ input }) => input),
    output: graphs.flatMap(({ output }) => output),
  });
  const irVersion = subgraphs.reduce((a, { model }) => {
    return model.proto.irVersion > a ? model.proto.irVersion : a;
  }, 8n);
  const proto = create(ModelProtoSchema, { irVersion, opsetImport: [...opsets.values()], graph });
  return new Model(proto, { name: `${subgraphs.length} subgraphs side by side` });
}

/** Gives names to the nodes without one: what ran is known by them. */
function named(graph: GraphProto): GraphProto {
  const node = graph.node.map((node, i) => node.name ? node : { ...node, name: `node ${i}` });
  return { ...graph, node };
}

function inside(one: number, name: string): string {
  return `b${one}:${name}`;
}

/** "" for a name that is not the subgraph's own. */
function outside(one: number, name: string): string {
  const prefix = inside(one, "");
  return name.startsWith(prefix) ? name.slice(prefix.length) : "";
}

/** The subgraph of each executed node: by its names, or else by those of its neighbours. */
function homesOf(graph: GraphProto): Map<NodeProto, number> {
  const homes = new Map<NodeProto, number>();
  const ofTensor = new Map<string, number>();
  const subgraphOf = (name: string) => {
    const found = /^b(\d+):/.exec(name)?.[1];
    return found === undefined ? ofTensor.get(name) : Number(found);
  };
  const nodes = [...allNodes(graph)];
  const settle = (order: readonly NodeProto[]) => {
    for (const node of order) {
      const names = [node.name, ...node.output, ...node.input];
      const home = homes.get(node) ?? names.map(subgraphOf).find((one) => one !== undefined);
      if (home === undefined) continue;
      homes.set(node, home);
      for (const name of [...node.output, ...node.input]) {
        if (name !== "" && subgraphOf(name) === undefined) ofTensor.set(name, home);
      }
    }
  };
  settle(nodes);
  settle(nodes.toReversed());
  return homes;
}
