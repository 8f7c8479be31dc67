import { likeTheFirst, shapesOf } from "../data/first_samples.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/model.ts";
import { nameNodes } from "../onnx/name_nodes.ts";
import { undoInt8, type Undone } from "../passes/undo/undo_int8.ts";
import { layerCosts } from "../profile/layer_costs.ts";
import type { DiagnosisRecord, FileFinding } from "../record/diagnosis_record.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Feeds } from "../tensor/tensor.ts";
import type { DiagnoseOptions } from "./diagnose_options.ts";
import { formFindings, type FormView } from "./findings/form_findings.ts";
import { GRAPH_RULES } from "./findings/graph_rules.ts";
import { layerFindings } from "./findings/layer_findings.ts";
import { layerViews } from "./findings/layer_view.ts";
import { mendInputs } from "./mend_inputs.ts";
import { type FastNetwork, fastNetwork, plainNetwork } from "./plain_forms.ts";
import { type TimedForms, timeForms } from "./time_forms.ts";

/** What `diagnose()` does, in a runtime. */
export async function diagnoseIn(
  runtime: Runtime,
  given: Model,
  options: DiagnoseOptions,
): Promise<DiagnosisRecord> {
  const { samples, rounds = 15, signal, onProgress = () => {} } = options;
  onProgress("reading what is int8");
  const named = nameNodes(given.graph);
  const file = named === given.graph ? given : given.withGraph(named);
  const undone = undoInt8(file);
  const { model: plain, floats } = plainNetwork(undone.model);
  const feeds = await likeTheFirst(await mendInputs(file, undone, options), given.name);
  onProgress("looking for faster forms");
  const fast = await fastOrNone(plain, feeds[0]!, runtime, signal);
  const forms = { file, plain, ...fast && { fast: fast.model } };
  const timed = await timeForms(forms, feeds, { runtime, rounds, signal, onProgress });
  const { wholeMs, latency, fastLatency, method, conditions } = timed;
  const int8 = int8Findings(undone, forms, timed);
  const view = { model: file, undone, floats, timed: timed.file, wholeMs };
  const findings = [
    ...int8.findings,
    ...fast ? slowForms(undone, plain, fast, timed) : [],
    ...GRAPH_RULES.flatMap((rule) => rule(view) ?? []),
  ];
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
    ...{ ...latency && { latency }, ...fastLatency && { exactLatency: fastLatency } },
    wholeMs,
    findings: told.toSorted((a, b) => b.savesMs - a.savesMs || (b.bytes ?? 0) - (a.bytes ?? 0)),
    ...(int8.faster && { faster: int8.faster }),
    alike: int8.alike + untold.reduce((sum, { layers }) => sum + layers, 0),
    left: undone.left.map((one) => ({ ...one })),
    inputs: shapesOf(feeds[0]!),
    madeUp: !samples,
    ...{ method, threads: conditions.threads },
    ...{ machine: conditions.machine, runtime: conditions.runtime },
  };
}

/** Least share of a run that is worth a finding: less is within what times of nodes vary by. */
const LEAST_SHARE = 0.01;

function isWorthTelling({ savesMs, ms, bytes, rule }: FileFinding, wholeMs: number): boolean {
  return savesMs >= LEAST_SHARE * wholeMs || ms === undefined || bytes !== undefined ||
    rule === "unknown-integers";
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

function int8Findings(
  { layers }: Undone,
  { file, plain }: { readonly file: Model; readonly plain: Model },
  timed: TimedForms,
) {
  const shared = layers.map(({ node, from }) => ({
    here: from.map(({ name }) => name),
    there: [node],
  }));
  const costs = layerCosts(shared, timed.file, timed.plain);
  return layerFindings(layerViews(layers, costs, plain.graph, file.graph), timed.wholeMs);
}

/** Float32 nodes of the file of which another form is faster. */
function slowForms(
  { layers }: Undone,
  plain: Model,
  { pieces }: FastNetwork,
  timed: TimedForms,
): FileFinding[] {
  if (!timed.fast) return [];
  const own = new Set(layers.flatMap(({ node, from }) => [node, ...from.map(({ name }) => name)]));
  // What a float32 kernel of such a layer does beside it is told with the layer.
  const fused = timed.plain.nodes.filter(({ covers }) => covers.some((name) => own.has(name)));
  const int8 = new Set([...own, ...fused.flatMap(({ covers }) => covers)]);
  const nodes = plain.graph.node.filter(({ name }) => pieces.has(name) && !int8.has(name));
  const shared = nodes.map(({ name }) => ({ here: [name], there: pieces.get(name)! }));
  const costs = layerCosts(shared, timed.file, timed.fast);
  const views = nodes.map(({ name, opType }, i): FormView => ({ name, opType, cost: costs[i]! }));
  return formFindings(views, timed.wholeMs);
}
