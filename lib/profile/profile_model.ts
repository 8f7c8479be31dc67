import type { Dataset } from "../data/dataset.ts";
import { hasDrifted } from "../runtime/drift.ts";
import { allNodes, constants } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import { modulePaths } from "../onnx/module_path.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import { dimsOf } from "../onnx/tensor_proto.ts";
import { machineLoad, openRuntime } from "../runtime/open_runtime.ts";
import type { Runtime, RuntimeChoice } from "../runtime/runtime.ts";
import type { NodeTimes, RunProfile } from "../runtime/profile_run.ts";
import type { ProfiledNode, ProfileRecord } from "../record/profile_record.ts";
import type { Feeds } from "../tensor/tensor.ts";
import { type Origin, originsOf } from "./executed.ts";
import { inputShapes, macs } from "./macs.ts";
import { runtimeName } from "../record/runtime_name.ts";
import { likeTheFirst, shapesOf } from "../data/first_samples.ts";
import { matchProfile } from "./match_nodes.ts";
import { ownTimes, type ProfilingOverhead, profilingOverhead, shareOfRuns } from "./overhead.ts";
import { profileOneByOne } from "./profile_one_by_one.ts";
import { undisturbedTime } from "./undisturbed.ts";

/**
 * Options for {@linkcode profile}.
 * @category Measuring (advanced)
 */
export interface ProfileModelOptions extends RuntimeChoice {
  /** Workers to do it in. @default {one of its own} */
  runtime?: Runtime;
  /** Threads of the runtime, if there is no runtime. @default {1} */
  threads?: number;
  /** Runs to note. @default {as many as fill a second, at least 12} */
  runs?: number;
  /** What observing adds, to be taken off. @default {measured, once for each process} */
  overhead?: ProfilingOverhead;
  /** Ends the work early: the promise is then rejected with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Times every node of the graph that the runtime executes, and leads each back to the node and the
 * module of the model that it stands for.
 *
 * Times are those of the fastest quarter of the runs, so that other programs count for little, less what
 * observing adds. They hold for the shapes of the first sample; others of the same shapes take turns
 * with it.
 *
 * Where the runtime's own clock cannot be read, as in builds that are not known, each node is timed in
 * a model of its own instead, and the record says so.
 *
 * @throws {UserError} If there is no sample, or one does not fit the model's inputs.
 */
export async function profileModel(
  model: Model,
  samples: Dataset | readonly Feeds[],
  options: ProfileModelOptions = {},
): Promise<ProfileRecord> {
  const { runtime, threads = 1, ort, binary, runs, signal } = options;
  if (!runtime) {
    await using own = openRuntime({ workers: 1, threads, ort, binary });
    return await profileModel(model, samples, { ...options, runtime: own });
  }
  const feeds = await likeTheFirst(samples, model.name);
  const { ms } = await runtime.times([model], feeds, { signal });
  const environment = await runtime.environment();
  const whole = ms.map(([time]) => time!);
  const common = {
    schema: 1,
    model: { name: model.name, hash: await model.hash(), bytes: model.bytes().length },
    inputs: shapesOf(feeds[0]!),
    threads: runtime.about.threads,
    wholeMs: undisturbedTime(whole),
    machine: environment.machine,
    runtime: runtimeName(environment),
    load: machineLoad().average,
  } as const;
  const optimized = await runtime.optimized(model);
  const overhead = optimized && (options.overhead ?? await profilingOverhead(runtime));
  const measured = overhead && await runtime.profile(model, feeds, { runs, minMs: 1000, signal });
  if (!measured) {
    const nodes = await profileOneByOne(model, feeds[0]!, runtime, { signal });
    const drifted = hasDrifted(whole);
    return { ...common, method: "alone", runs: whole.length, nodes, drifted };
  }
  return {
    ...common,
    method: "graph",
    runs: measured.runs.length,
    nodes: rowsOf(measured, model.graph, optimized.graph, overhead),
    drifted: hasDrifted(measured.runs),
  };
}

function rowsOf(
  { nodes }: RunProfile,
  graph: GraphProto,
  optimized: GraphProto,
  overhead: ProfilingOverhead,
): ProfiledNode[] {
  const origins = originsOf(graph, optimized);
  const paths = modulePaths(graph);
  const executed = matchProfile(nodes, optimized);
  const near = pathsNearby(optimized, origins, paths);
  const constantShape = shapesOfConstants(optimized);
  const own = ownTimes(nodes, overhead);
  const total = own.reduce((sum, ms) => sum + ms, 0);
  return nodes.map((times, i): ProfiledNode => {
    const node = executed[i];
    const { original, covers } = node && origins.get(node) || NO_ORIGIN;
    const shapes = node &&
      { inputs: inputShapes(node, times.inputs, constantShape), outputs: times.outputs };
    const once = node && shapes && macs(node, shapes);
    return {
      node: original
        ? original.name || original.output.find((name) => name !== "") || original.opType
        : "",
      opType: times.opType,
      path: node ? near.get(node)! : "",
      covers: covers.map(({ opType }) => opType),
      depth: depthOf(times, nodes),
      executions: times.executions,
      shape: [...times.outputs[0] ?? []],
      ms: own[i]!,
      share: own[i]! / total,
      ...(once !== undefined && { macs: Math.round(once * times.executions * shareOfRuns(times)) }),
    };
  });
}

const NO_ORIGIN: Origin = { covers: [] };

function depthOf({ parent }: NodeTimes, nodes: readonly NodeTimes[]): number {
  return parent === undefined ? 0 : 1 + depthOf(nodes[parent]!, nodes);
}

/**
 * Module paths of executed nodes. What changes precision, and what the runtime put in by itself, has
 * the path of the nearest node that has one: of those that read it, else of the one that it reads.
 */
function pathsNearby(
  graph: GraphProto,
  origins: ReadonlyMap<NodeProto, Origin>,
  paths: ReadonlyMap<NodeProto, string>,
): Map<NodeProto, string> {
  const near = new Map<NodeProto, string>();
  const nodes = [...allNodes(graph)];
  const spread = (
    order: readonly NodeProto[],
    from: (node: NodeProto) => readonly string[],
    to: (node: NodeProto) => readonly string[],
  ) => {
    const known = new Map<string, string>();
    for (const node of order) {
      const { original } = origins.get(node) ?? NO_ORIGIN;
      const serves = !original || /^(Quantize|Dequantize)Linear$/.test(original.opType);
      const own = near.get(node) || (original && paths.get(original)) || "";
      const path = own || (serves && from(node).map((name) => known.get(name)).find(Boolean)) || "";
      near.set(node, path);
      if (path) { for (const name of to(node)) known.set(name, path); }
    }
  };
  spread(nodes.toReversed(), ({ output }) => output, ({ input }) => input);
  spread(nodes, ({ input }) => input, ({ output }) => output);
  return near;
}

/** Looks up the shape of a constant, in bodies too: optimized graphs do not use a name twice. */
function shapesOfConstants(graph: GraphProto): (name: string) => number[] | undefined {
  const graphs = [graph];
  for (const node of allNodes(graph)) {
    for (const { g } of node.attribute) if (g) graphs.push(g);
  }
  const shapes = new Map(
    graphs.flatMap((one) => [...constants(one)].map(([name, tensor]) => [name, dimsOf(tensor)])),
  );
  return (name) => shapes.get(name);
}
