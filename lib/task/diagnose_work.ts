import { likeTheFirst, shapesOf } from "../data/first_samples.ts";
import { noise } from "../data/noise.ts";
import { UserError } from "../errors.ts";
import { latencyRatio } from "../evaluate/latency.ts";
import { timingConditions } from "../evaluate/timing_conditions.ts";
import { valueTypes } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import { nameNodes } from "../onnx/name_nodes.ts";
import { undoInt8, type Undone } from "../passes/undo/undo_int8.ts";
import { layerCosts } from "../profile/layer_costs.ts";
import { type ProfilingOverhead, profilingOverhead } from "../profile/overhead.ts";
import { profileOneByOne } from "../profile/profile_one_by_one.ts";
import { type TimedGraph, timedNodes } from "../profile/timed_nodes.ts";
import type { DiagnosisRecord, FileFinding } from "../record/diagnosis_record.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { median } from "../tensor/quantile.ts";
import type { Feeds } from "../tensor/tensor.ts";
import type { DiagnoseOptions } from "./diagnose_options.ts";
import { formFindings, type FormView } from "./findings/form_findings.ts";
import { GRAPH_RULES } from "./findings/graph_rules.ts";
import { layerFindings } from "./findings/layer_findings.ts";
import { layerViews } from "./findings/layer_view.ts";
import { type FastNetwork, fastNetwork, plainNetwork } from "./plain_forms.ts";

/** What `diagnose()` does, in a runtime. */
export async function diagnoseIn(
  runtime: Runtime,
  given: Model,
  options: DiagnoseOptions,
): Promise<DiagnosisRecord> {
  const { samples, input, rounds = 15, signal, onProgress = () => {} } = options;
  onProgress("reading what is int8");
  const named = nameNodes(given.graph);
  const file = named === given.graph ? given : given.withGraph(named);
  const undone = undoInt8(file);
  const plain = plainNetwork(undone.model);
  const feeds = samples
    ? await likeTheFirst(samples, given.name)
    : [input ?? noise(valueTypes(given.graph).inputs, given.name)];
  onProgress("looking for faster forms");
  const fast = await fastOrNone(plain.model, feeds[0]!, runtime, signal);
  const forms = [...plain.model === file ? [] : [plain.model], ...fast ? [fast.model] : []];
  onProgress("measuring in turns");
  const times = await runtime.times([file, ...forms], feeds, { rounds, ...signal && { signal } });
  const wholes = [file, ...forms].map((_, i) => median(times.ms.map((round) => round[i]!)));
  const overhead = await profilingOverhead(runtime);
  const timed: TimedGraph[] = [];
  for (const [i, model] of [file, ...forms].entries()) {
    onProgress(`timing nodes: model ${i + 1} of ${1 + forms.length}`);
    const nodes = await timeNodes(model, feeds, { runtime, overhead, signal });
    timed.push(scaled(nodes, wholes[i]!));
  }
  const conditions = await timingConditions(runtime);
  const ratio = (candidate: number, baseline: number) =>
    latencyRatio(times, { candidate, baseline, ...conditions });
  const wholeMs = wholes[0]!;
  const [own] = timed;
  const beside = {
    plain: timed[plain.model === file ? 0 : 1]!,
    ...fast && { fast: timed.at(-1)! },
  };
  const int8 = int8Findings(
    undone,
    { file, plain: plain.model },
    { own: own!, ...beside },
    wholeMs,
  );
  const slow = fast ? slowForms(undone, plain.model, fast, { own: own!, ...beside }, wholeMs) : [];
  const view = { model: given, left: undone.left, floats: plain.floats, timed: own!, wholeMs };
  const others = GRAPH_RULES.flatMap((rule) => rule(view) ?? []);
  const findings = [...int8.findings, ...slow, ...others];
  const told = findings.filter((one) => isWorthTelling(one, wholeMs));
  const untold = int8.findings.filter((one) => !told.includes(one));
  return {
    schema: 1,
    model: {
      name: given.name,
      hash: await given.hash(),
      bytes: (given.source ?? given.bytes()).length,
    },
    int8Layers: undone.layers.length,
    ...(plain.model !== file && { latency: ratio(0, 1) }),
    ...(fast && { exactLatency: ratio(forms.length, 0) }),
    wholeMs,
    findings: told.toSorted((a, b) => b.savesMs - a.savesMs || (b.bytes ?? 0) - (a.bytes ?? 0)),
    ...(int8.faster && { faster: int8.faster }),
    alike: int8.alike + untold.reduce((sum, { layers }) => sum + layers, 0),
    left: undone.left.map((one) => ({ ...one })),
    inputs: shapesOf(feeds[0]!),
    madeUp: !samples,
    threads: conditions.threads,
    method: overhead ? "graph" : "alone",
    machine: conditions.machine,
    runtime: conditions.runtime,
  };
}

/** Least share of a run that is worth a finding: less is within what times of nodes vary by. */
const LEAST_SHARE = 0.01;

function isWorthTelling({ savesMs, bytes, rule }: FileFinding, wholeMs: number): boolean {
  return savesMs >= LEAST_SHARE * wholeMs || bytes !== undefined || rule === "unknown-integers";
}

/** The network by faster operators; none where it cannot be written so. */
async function fastOrNone(
  model: Model,
  feeds: Feeds,
  runtime: Runtime,
  signal: AbortSignal | undefined,
): Promise<FastNetwork | undefined> {
  try {
    const fast = await fastNetwork(model, feeds, { runtime, ...signal && { signal } });
    if (fast) await Array.fromAsync(runtime.run(fast.model, [feeds], { signal }));
    return fast;
  } catch (error) {
    if (error instanceof UserError && !signal?.aborted) return undefined;
    throw error;
  }
}

/** Nodes in their place; each in a model of its own, where the runtime's clock cannot be read. */
async function timeNodes(
  model: Model,
  feeds: readonly Feeds[],
  { runtime, overhead, signal }: {
    readonly runtime: Runtime;
    readonly overhead: ProfilingOverhead | undefined;
    readonly signal: AbortSignal | undefined;
  },
): Promise<TimedGraph> {
  const stop = signal && { signal };
  const timed = overhead && await timedNodes(model, feeds, { runtime, overhead, ...stop });
  if (timed) return timed;
  const { graph } = model;
  const nodes = new Map(graph.node.map((node) => [node.name, node]));
  const rows = await profileOneByOne(model, feeds[0]!, runtime, { ...stop });
  return {
    graph,
    nodes: rows.map(({ node, ms }) => ({ node: nodes.get(node)!, covers: [node], ms })),
  };
}

/** Times that make up a whole run, as it was measured without a profiler. */
function scaled({ graph, nodes }: TimedGraph, wholeMs: number): TimedGraph {
  const sum = nodes.reduce((all, { ms }) => all + ms, 0);
  const scale = sum > 0 ? wholeMs / sum : 1;
  return { graph, nodes: nodes.map((timed) => ({ ...timed, ms: timed.ms * scale })) };
}

interface TimedForms {
  readonly own: TimedGraph;
  readonly plain: TimedGraph;
  readonly fast?: TimedGraph;
}

function int8Findings(
  { layers }: Undone,
  { file, plain }: { readonly file: Model; readonly plain: Model },
  timed: TimedForms,
  wholeMs: number,
) {
  const shared = layers.map(({ node, from }) => ({
    here: from.map(({ name }) => name),
    there: [node],
  }));
  const costs = layerCosts(shared, timed.own, timed.plain);
  return layerFindings(layerViews(layers, costs, plain.graph, file.graph), wholeMs);
}

/** Float32 nodes of the file of which another form is faster. */
function slowForms(
  { layers }: Undone,
  plain: Model,
  { pieces }: FastNetwork,
  timed: TimedForms,
  wholeMs: number,
): FileFinding[] {
  if (!timed.fast) return [];
  const own = new Set(layers.flatMap(({ node, from }) => [node, ...from.map(({ name }) => name)]));
  // What a float32 kernel of such a layer does beside it is told with the layer.
  const fused = timed.plain.nodes.filter(({ covers }) => covers.some((name) => own.has(name)));
  const int8 = new Set([...own, ...fused.flatMap(({ covers }) => covers)]);
  const nodes = plain.graph.node.filter(({ name }) => pieces.has(name) && !int8.has(name));
  const shared = nodes.map(({ name }) => ({ here: [name], there: pieces.get(name)! }));
  const costs = layerCosts(shared, timed.own, timed.fast);
  const views = nodes.map(({ name, opType }, i): FormView => ({ name, opType, cost: costs[i]! }));
  return formFindings(views, wholeMs);
}
