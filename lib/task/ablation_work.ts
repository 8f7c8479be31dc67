import type { Dataset } from "../data/dataset.ts";
import { UserError } from "../errors.ts";
import { baselineNotes } from "../evaluate/baseline_notes.ts";
import { bySample, infoOf } from "../evaluate/metric.ts";
import { metricFor } from "../evaluate/metric_for.ts";
import { tensorErrorsOf } from "../evaluate/tensor_errors.ts";
import type { Model } from "../onnx/model.ts";
import { ExactForms } from "../passes/exact_form.ts";
import { layerTimes } from "../profile/layer_times.ts";
import { decide } from "../quantize/decide.ts";
import { takeNetwork, type TakenNetwork } from "../quantize/take_network.ts";
import { rewrittenConvs } from "../quantize/layers.ts";
import { qconfigMapping } from "../quantize/mapping.ts";
import { staticInt8 } from "../quantize/qconfig.ts";
import type { Effect } from "../record/ablation_record.ts";
import type { OnStep } from "../record/event.ts";
import { baselineWords } from "../record/given_record.ts";
import { unverifiedRuntime } from "../record/verified_runtime.ts";
import { openRuntime } from "../runtime/open_runtime.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { independentSteps } from "../runtime/single_steps.ts";
import { AblationStrategy } from "../strategy/ablate/ablation_strategy.ts";
import { hasMode } from "../study/ablation_mode.ts";
import type { EffectAsk } from "../study/effect_ask.ts";
import { EffectExperiment, type EffectExperimentFields } from "../study/effect_experiment.ts";
import { identityOf } from "../study/identity.ts";
import { openStudy } from "../study/open_study.ts";
import { OCTAVO_VERSION } from "../study/provenance.ts";
import { askAndTell, type Told } from "../study/strategy.ts";
import type { StudyIdentity } from "../study/study_store.ts";
import type { Feeds } from "../tensor/tensor.ts";
import {
  type AblateOptions,
  type AblateSettings,
  modesOf,
  placeOf,
  withDefaults,
} from "./ablate_options.ts";
import { Ablation } from "./ablation.ts";
import type { AblationData, AblationEvent } from "./ablation_event.ts";
import { ablatedLayers } from "./ablation_layers.ts";
import { type AblationHead, type AblationResults, recordOf } from "./ablation_record_of.ts";

/** What `ablate()` does, event by event. */
export async function* ablationWork(
  model: Model,
  data: AblationData,
  options: AblateOptions,
  onStep: OnStep,
): AsyncGenerator<AblationEvent, Ablation, void> {
  const started = performance.now();
  const settings = withDefaults(options);
  const { screening, seed, resolution, signal } = settings;
  await using own = options.runtime ? undefined : openOwn(settings);
  const runtime = options.runtime ?? own!;
  onStep({ step: "reading the network", done: 0, of: 1 });
  const taken = takeNetwork(model);
  const given = taken.given && { ...taken.given, about: [...taken.notes, EFFECTS_NOTE] };
  const subject = await subjectOf(taken, model, data, settings, runtime);
  yield { kind: "begin", layers: subject.layers, metric: infoOf(subject.metric) };

  const { metric } = subject;
  const identity = await identityOf(model, data, SPLITS, metric, runtime, settings.metricSource);
  await using study = await openStudy(identity, placeOf(settings));
  const experiment = new EffectExperiment({
    ...subject,
    ...{ screening, seed, resolution, study, runtime, signal, onStep },
    calibrationData: data.calibration,
    dataset: await independentSteps(data.selection, subject.base, runtime, signal),
  });
  const strategy = strategyOf(subject, settings);
  const { effects, pairs } = strategy;
  const results: AblationResults = { effects, pairs, cost: { runs: 0, plainRuns: 0, reused: 0 } };
  let stopped = false;
  try {
    const value = results.baseline = await experiment.baseline();
    const { operators: name } = baselineWords(taken);
    const notes = await baselineNotes(model, data.selection, metric, { value, name });
    const unverified = unverifiedRuntime((await runtime.environment()).versions);
    yield {
      kind: "float32",
      value,
      notes: [...given?.about ?? [], ...unverified ? [unverified] : [], ...notes],
    };
    for await (const told of askAndTell(strategy, experiment)) {
      count(told, results.cost);
      yield eventOf(told, strategy);
    }
    results.int8 = await experiment.int8();
    await explain(results, experiment, settings);
  } catch (error) {
    if (!signal?.aborted || effects.size === 0) throw error;
    stopped = true;
    results.int8 ??= await experiment.knownInt8();
  }
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  const head = { ...await headOf(model, identity, settings, runtime), seconds, stopped };
  return new Ablation(await recordOf(results, experiment, { ...head, ...(given && { given }) }));
}

/** What effects are against, of a file that is int8 already. */
const EFFECTS_NOTE =
  "What each layer costs is against the file in float32 operators, not against the kernels of the file.";

/** Splits that decide what is measured. */
const SPLITS = ["calibration", "selection"] as const;

function openOwn({ workers, ort, binary }: AblateSettings): Runtime {
  return openRuntime({ workers, ort, binary });
}

/** What is ablated, and by which metric. */
type Subject = Pick<
  EffectExperimentFields,
  "base" | "mapping" | "decisions" | "layers" | "metric"
>;

/** Writes the form of the network that is ablated, and decides what its layers are. */
async function subjectOf(
  { network }: TakenNetwork,
  model: Model,
  data: AblationData,
  settings: AblateSettings,
  runtime: Runtime,
): Promise<Subject> {
  const { base: form, depth, parts, layers: names, signal } = settings;
  requireSamples(data, settings);
  const { metric: asked } = settings;
  const metric = bySample(
    await metricFor(model, data.selection, { metric: asked, runtime, signal }),
  );
  const forms = new ExactForms(network, await data.calibration.sample(0), {
    runtime,
    signal,
  });
  const base = await forms.get(form);
  const rewritten = rewrittenConvs((await forms.get("fused")).graph, base.graph);
  const mapping = settings.mapping ??
    qconfigMapping({ default: staticInt8(), onUnsupported: "float32" });
  const decisions = decide(base.graph, mapping);
  const choice = {
    ...{ rewritten, parts },
    ...(depth !== undefined && { depth }),
    ...(names && { names }),
  };
  return { base, mapping, decisions, metric, layers: ablatedLayers(decisions, model.name, choice) };
}

/** Fewer samples give no interval. */
const FEWEST = 4;

function requireSamples({ selection }: AblationData, { screening }: AblateSettings): void {
  if (!Number.isInteger(screening) || screening < FEWEST) {
    throw new UserError(
      `Cannot ablate with ${screening} screening samples: "screening" must be a whole number from ` +
        `${FEWEST}`,
    );
  }
  if (selection.length >= FEWEST) return;
  throw new UserError(
    `Cannot ablate on the ${selection.length} samples of ${selection.name}: at least ${FEWEST} are ` +
      `needed to tell an effect from noise, and some hundreds to see half a point; bring more samples`,
  );
}

function strategyOf(
  { layers, metric, decisions }: Subject,
  settings: AblateSettings,
): AblationStrategy {
  const { pairs } = settings;
  const modes = modesOf(settings);
  return new AblationStrategy({
    ...{ layers, modes, metric, pairs },
    hasMode: (mode, layer) => hasMode(mode, layer, decisions),
  });
}

function count({ answer, reused }: Told<EffectAsk, Effect>, cost: AblationResults["cost"]): void {
  if (reused) cost.reused++;
  else cost.runs += answer.run;
  cost.plainRuns += answer.samples;
}

/** @param strategy Has been told. */
function eventOf(
  { ask: { mode, layer, pair }, answer, reused }: Told<EffectAsk, Effect>,
  { pairs }: AblationStrategy,
): AblationEvent {
  if (pair) return { kind: "pair", pair: pairs.at(-1)! };
  return { kind: "effect", layer: layer.name, mode, effect: answer, reused };
}

/** Samples that take turns while layers are timed. */
const TIMED_SAMPLES = 4;

/** Adds what says why layers cost what they cost, and what they save: errors of tensors, and times. */
async function explain(
  results: AblationResults,
  experiment: EffectExperiment,
  { latency }: AblateSettings,
): Promise<void> {
  const { base, dataset, layers, screening, runtime, signal, onStep } = experiment.fields;
  const options = { runtime, ...(signal && { signal }) };
  const samples = await firstSamples(dataset, screening);
  const quantized = await experiment.quantized();
  onStep({ step: "errors of tensors", done: 0, of: 1 });
  results.tensors = await tensorErrorsOf(base, quantized, samples, options);
  if (!latency) return;
  onStep({ step: "timing layers", done: 0, of: 1 });
  const timed = samples.slice(0, TIMED_SAMPLES);
  results.times = await layerTimes(base, quantized, layers, timed, options);
}

async function firstSamples(dataset: Dataset, count: number): Promise<Feeds[]> {
  const indices = Array.from({ length: Math.min(count, dataset.length) }, (_, i) => i);
  return await Promise.all(indices.map((index) => dataset.sample(index)));
}

async function headOf(
  model: Model,
  { data }: StudyIdentity,
  settings: AblateSettings,
  runtime: Runtime,
): Promise<Omit<AblationHead, "seconds" | "stopped">> {
  const { base, screening, seed, pairs, depth = null, parts, resolution = null, layers } = settings;
  const { versions } = await runtime.environment();
  return {
    title: settings.title ?? model.name.replace(/\.onnx$/, ""),
    model: { name: model.name, hash: await model.hash(), bytes: model.bytes().length },
    data: { name: data.name, splits: data.splits.map((split) => ({ ...split })) },
    provenance: {
      command: settings.command ?? "ablate()",
      versions: { octavo: OCTAVO_VERSION, ...versions },
      options: {
        base,
        screening,
        seed,
        pairs,
        depth,
        ...(parts && { parts }),
        resolution,
        ...(layers && { layers: [...layers] }),
      },
    },
  };
}
