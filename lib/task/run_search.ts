import { relative } from "node:path";
import { type KernelTimer, KernelTimes } from "../cost/kernel_times.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Splits } from "../data/split.ts";
import { UserError } from "../errors.ts";
import { defaultMetric, type Metric } from "../evaluate/metric.ts";
import { valueTypes } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import { quantizeWith } from "../quantize/quantize_with.ts";
import { openRuntime, type Runtime } from "../runtime/pool.ts";
import { independentSteps } from "../runtime/single_steps.ts";
import { machineFingerprint, runtimeVersions } from "../runtime/versions.ts";
import { defaultMaxDrop } from "../evaluate/default_budget.ts";
import { STUDY_JSON, writeModels, writeStudyJson } from "../study/files.ts";
import { describeStudy, measuredOn, studyBaseline, studyIdentity } from "../study/identity.ts";
import { contentKey } from "../record/json.ts";
import { type Measurable, Measure } from "../study/trial_experiment.ts";
import { gitRevision, OCTAVO_VERSION } from "../study/provenance.ts";
import type { MetricInfo } from "../record/metric_info.ts";
import type { SearchRecord } from "../record/search_record.ts";
import type { Study } from "../record/study_record.ts";
import type { Trial } from "../record/trial_record.ts";
import { openStore, type Store, type StudyHeader, type StudyIdentity } from "../study/store.ts";
import { type Budget, drop, isWithinBudget, worstCaseDrop } from "../record/budget.ts";
import { isMeasured } from "../record/best.ts";
import { Work } from "../study/progress.ts";
import {
  type Assignment,
  assignment as assignmentRecord,
  mappingOfAssignment,
} from "../strategy/search/assignment.ts";
import { bestTrial, frontOf, whyBest } from "../record/best_trial.ts";
import { explainDecisions } from "../strategy/search/explain.ts";
import {
  type Base,
  ESTIMATED,
  measureExactForms,
  nameOf,
  writeExactForm,
} from "../cost/exact_forms.ts";
import { Guide, keyOf, type Step } from "../strategy/search/next_trial.ts";
import { withBiasCorrection } from "../strategy/search/bias_retry.ts";
import {
  type Objective,
  type Proposal,
  type SearchSpace,
  searchSpace,
} from "../strategy/search/proposal.ts";
import { resolutionNote } from "../evaluate/resolution.ts";
import {
  noiseCurve,
  noiseOfDrop,
  outputsRead,
  type Response,
} from "../strategy/search/noise_to_drop.ts";
import { roundable } from "../strategy/search/roundings.ts";
import { measureLayerNoise, type Sensitivities, sensitivities } from "../replay/layer_noise.ts";
import { Replay } from "../replay/replay.ts";
import { sensitivityAsks } from "../strategy/search/sensitivity_asks.ts";
import { smallWeights } from "../strategy/search/small_weights.ts";
import { summaryOf } from "../strategy/search/recipe_name.ts";

/** What a search tells, in order. */
export type SearchEvent =
  | {
    readonly kind: "begin";
    readonly metric: MetricInfo;
    readonly maxDrop: number;
    readonly objective: Objective;
    readonly minutes: number;
    /** Trials that an earlier run left. */
    readonly reused: number;
    /** What is to be known before it starts, in sentences. */
    readonly notes: readonly string[];
  }
  | {
    readonly kind: "trial";
    readonly trial: Trial;
    /** From 1. */
    readonly number: number;
    /** Taken from an earlier run. */
    readonly reused: boolean;
    /** Float32 on the selection split. */
    readonly baseline: Study["baseline"];
    /** Why it was tried. */
    readonly why: string;
    /** The best so far; the closest, as long as none keeps the budget. */
    readonly best?: Trial;
  }
  | { readonly kind: "end"; readonly study: Study };

/** Options for {@linkcode search}. */
export interface SearchOptions {
  /** Folder of the study. @default {none: it lives in memory and no file is written} */
  out?: string;
  /** Start over in a folder that holds a study. @default {false} */
  fresh?: boolean;
  /** Largest accepted drop of the metric, in its unit. @default {see `defaultMaxDrop()`} */
  maxDrop?: number;
  /** Least accepted value of the metric, in its unit, in place of `maxDrop`. @default {none} */
  atLeast?: number;
  /** Most minutes to spend. @default {10} */
  minutes?: number;
  /** @default {"latency"} */
  objective?: Objective;
  /** @default {top-1 with labels, else agreement or SQNR, by the outputs} */
  metric?: Metric;
  /** What tells two metrics of one name apart. @default {the text of its scoring function} */
  metricSource?: string;
  /** Samples that sensitivities are measured on, at most. @default {8} */
  probes?: number;
  /** Rounds in which float32 and a candidate take turns while latency is measured. @default {15} */
  rounds?: number;
  /** As many rounds again where the ratio is not known to 10 %, up to this many. @default {twice `rounds`} */
  maxRounds?: number;
  /** Workers to use, which stay open. @default {workers of its own} */
  runtime?: Runtime;
  /** Samples evaluated at a time, without a runtime. @default {the number of cores, 4 at most} */
  workers?: number;
  /** Threads of the runtime while latency is measured, without a runtime. @default {1} */
  threads?: number;
  /** Where measured times of kernels are kept for the next time; false: nowhere. @default {the user's cache folder} */
  cache?: string | false;
  /** What times the forms of nodes. @default {the runtime's own clock} */
  kernelTimer?: KernelTimer;
  /** Title of the study. @default {the model's name} */
  title?: string;
  /** How to run it again, for the record. @default {"search()"} */
  command?: string;
  /** Writes a report into the folder and returns the paths of its files. @default {none} */
  report?: (study: Study, folder: string) => Promise<readonly string[]>;
  /** Ends the work early. What has been measured is kept, and the study so far is the result. */
  signal?: AbortSignal;
  /** Told what is being done, with the share of it that is done where that is known. */
  onProgress?: (doing: string, share?: number) => void;
}

/** A search at work: its events as they come, each once, or the study it ends with. */
export class Search implements AsyncIterable<SearchEvent> {
  readonly #events: AsyncGenerator<SearchEvent, void, void>;

  constructor(events: AsyncGenerator<SearchEvent, void, void>) {
    this.#events = events;
  }

  [Symbol.asyncIterator](): AsyncIterator<SearchEvent> {
    return this.#events;
  }

  /** Runs to the end. */
  async study(): Promise<Study> {
    for await (const event of this.#events) if (event.kind === "end") return event.study;
    throw new Error("The search has been read to its end already");
  }
}

/**
 * Looks for the fastest, or the smallest, model whose accuracy drops by no more than a budget.
 *
 * Each layer may stay float32, store its weights small, or be static or dynamic int8, over an exact
 * form of the network; each static tensor may take the range of one of several observers. What each
 * choice takes is measured on this machine, what noise it brings to the outputs is measured by itself
 * on a few samples, and an integer program weighs them all at once. Its answer is built and measured
 * for real; what the sum of noises missed is learnt from that, and so on until the time is up or
 * nothing better is predicted. A fast model that misses the budget is tried again with its biases corrected.
 *
 * Results are stored as they come: the same search on the same folder continues, and measures nothing
 * twice. The best is chosen on the selection split, and measured on the test split, once.
 *
 * @param model The float32 model.
 * @param data Samples, split three ways.
 * @throws {UserError} If model, data, metric and options do not go together, or there is no time for a
 * single trial.
 */
export function search(model: Model, data: Splits, options: SearchOptions = {}): Search {
  return new Search(run(model, data, options));
}

/** Seconds that the last steps take beside the test split: profiles and files. */
const ENDING_SECONDS = 5;

/** Trials that missed the budget and are tried once more, corrected: each takes a pass over the data. */
const MOST_MENDS = 4;

/** Share of the time that may go into finding out what each observer does to each tensor. */
const PROBING_SHARE = 0.25;

async function* run(
  model: Model,
  data: Splits,
  options: SearchOptions,
): AsyncGenerator<SearchEvent, void, void> {
  const { out, fresh, runtime: given, signal, onProgress = () => {} } = options;
  const { minutes = 10, objective = "latency", probes = 8, rounds = 15 } = options;
  const { maxRounds = 2 * rounds } = options;
  if (!(minutes > 0)) throw new UserError(`Cannot search for ${minutes} minutes: give more than 0`);
  const started = performance.now();
  const labelled = data.selection.labels?.some((label) => label >= 0) ?? false;
  const metric = options.metric ?? defaultMetric(valueTypes(model.graph).outputs, labelled);
  const { name, unit, higherIsBetter } = metric;
  const info: MetricInfo = { name, unit, higherIsBetter };
  const workers = given?.workers ?? options.workers ?? Math.min(4, navigator.hardwareConcurrency);
  const threads = given?.threads ?? options.threads ?? 1;

  const source = options.metricSource ?? metric.score.toString();
  const identity = await studyIdentity(model, data, { name, unit, source });
  await using store = await openStore(out, identity, { fresh });
  const machine = machineFingerprint();
  const work = new Work(({ doing, configuration, step }) =>
    onProgress([configuration, doing].filter(Boolean).join(" · "), step)
  );
  await using own = given ? undefined : openRuntime({ workers, threads: 1 });
  await using timer = given || threads === 1 ? undefined : openRuntime({ workers: 1, threads });
  const runtime = given ?? own!;
  const bases: Record<string, Model> = {};
  const configurations: Measurable[] = [];
  const watched = new Map<string, readonly string[]>();
  await using measure = new Measure({
    ...{ model, bases, data, metric, configurations, store, work, workers, threads },
    ...{ rounds, maxRounds, machine, signal },
    ...(threads === 1 || given ? { runtime } : {}),
    watch: (base) => watched.get(base) ?? [],
  });

  // What float32 does; what is wrong with model, data or metric shows here.
  const baseline = await measure.baseline("selection");
  const floatSeconds = (performance.now() - started) / 1000;
  const maxDrop = budgetOf(options, metric, baseline.value.value);
  const budget: Budget = { metric: info, maxDrop };
  const sample = await data.selection.sample(0);
  const notes = [
    resolutionNote(info, maxDrop, baseline.value.n, "selection"),
    resolutionNote(info, maxDrop, scoredSamples(data.test, metric), "test"),
  ].filter((note) => note !== undefined);

  const earlier = await store.header();
  const trials: Trial[] = [];
  for (const key of earlier?.grid ?? []) {
    const trial = await store.result(key, threads, machine);
    if (trial && (trial.error !== undefined || trial.latency)) trials.push(trial);
  }
  const reserve = ENDING_SECONDS + 2 * floatSeconds * data.test.length / data.selection.length;
  const deadline = started + minutes * 60_000;
  const lastTrial = deadline - 1000 * Math.min(reserve, minutes * 60 / 3);
  if (trials.length === 0) requireTime(minutes, floatSeconds, lastTrial - performance.now());
  yield { kind: "begin", ...budget, objective, minutes, reused: trials.length, notes };

  const header: Omit<StudyHeader, "baseline" | "grid"> = {
    schema: 1,
    title: options.title ?? model.name.replace(/\.onnx$/, ""),
    ...describeStudy(model, data, identity, labelled),
    ...budget,
    provenance: {
      command: options.command ?? "search()",
      config: {
        ...{ maxDrop, minutes, objective, probes, rounds, maxRounds },
        calibration: data.calibration.length,
        selection: data.selection.length,
        test: data.test.length,
        seed: data.seed,
      },
      versions: { octavo: OCTAVO_VERSION, ...runtimeVersions() },
      machine,
      revision: await gitRevision(),
      ...{ workers, threads, reused: trials.length },
    },
    files: earlier?.files ?? {},
  };
  const update = async (changes: Partial<StudyHeader> = {}) => {
    const found = (await studyBaseline(store, identity.model.hash, trials))!;
    const grid = trials.map(({ key }) => key);
    await store.putHeader({ ...header, grid, baseline: found, ...changes });
    return found;
  };
  const known = new Map<string, Measurable>();
  const configure = async (assignment: Assignment, config: Measurable["config"]) => {
    const key = trialKey(identity, assignment);
    const stored = await store.trial(key);
    const configuration = configurationOf(
      assignment,
      stored?.name ?? `${summaryOf(assignment)} (trial ${trials.length + 1})`,
      stored?.config ?? config,
    );
    bases[configuration.rewrite] ??= await writeExactForm(model, sample, assignment.base);
    known.set(key, configuration);
    return { key, configuration };
  };

  const best = () => bestTrial(budget, trials, objective);
  let slowest = 0;
  let ended = "";
  /** Builds and measures; what is in the store is taken from there. */
  const attempt = async (
    assignment: Assignment,
    why: string,
    predicted: Readonly<Record<string, number>> = {},
  ): Promise<SearchEvent & { kind: "trial" }> => {
    const config = { assignment, why, predicted } as unknown as Measurable["config"];
    const { key, configuration } = await configure(assignment, config);
    const reused = await measure.isDone(key);
    const began = performance.now();
    if (!reused) {
      configurations.push(configuration);
      await measure.trial(configuration, key);
      slowest = Math.max(slowest, performance.now() - began);
    }
    const trial = (await store.result(key, threads, machine))!;
    const place = trials.findIndex((one) => one.key === key);
    if (place < 0) trials.push(trial);
    else trials[place] = trial;
    const found = await update();
    const number = place < 0 ? trials.length : place + 1;
    const winner = best();
    return {
      kind: "trial",
      ...{ trial, number, reused, baseline: found, why },
      ...(winner && { best: winner }),
    };
  };

  const late = new AbortController();
  const timeout = setTimeout(
    () => late.abort(new DOMException("The time is up", "TimeoutError")),
    Math.max(0, lastTrial - performance.now()),
  );
  const stop = signal ? AbortSignal.any([signal, late.signal]) : late.signal;
  const isLate = (ms = 0) => performance.now() + ms > lastTrial;
  const placed = new Map<string, Proposal>();
  let guide: Guide | undefined;
  let response: Response | undefined;
  try {
    // Whatever comes, there is a model that is a quarter (or half) of the size, and as fast.
    bases[nameOf(ESTIMATED)] = await writeExactForm(model, sample, ESTIMATED);
    const estimated = bases[nameOf(ESTIMATED)]!;
    const small = smallWeights(estimated, ESTIMATED, "int8 weights");
    yield await attempt(small, "float32 kernels, weights stored in int8");
    if (!trials.some((trial) => isMeasured(trial) && isWithinBudget(budget, trial))) {
      const half = smallWeights(estimated, ESTIMATED, "float16 weights");
      yield await attempt(half, "float32 kernels, weights stored in float16");
    }

    onProgress("timing kernels");
    const book = await KernelTimes.open(timer ?? runtime, {
      cache: options.cache,
      kernelTimer: options.kernelTimer,
      signal: stop,
      onProgress: (done, all) => onProgress("timing kernels", done / all),
    });
    const measuredBases = await measureExactForms(model, sample, { kernelTimes: book, runtime });
    const results = baseline.results ? baseline : { ...baseline, results: [] };
    const outputs = outputsRead(results, metric, data.selection.labels);
    response = noiseCurve(results, metric, outputs, data.selection.labels);
    const spaces: SearchSpace[] = [];
    let found: Sensitivities | undefined;
    for (const base of measuredBases) {
      bases[base.name] = base.network.model;
      watched.set(base.name, roundable(base));
      found = await sensitivitiesOf(base, {
        ...{
          store,
          measure,
          runtime,
          outputs,
          data: data.selection,
          probes,
          signal: stop,
          onProgress,
          notes,
        },
        int4: objective === "size",
        known: found,
        lateAt: performance.now() + PROBING_SHARE * (lastTrial - performance.now()),
      });
      spaces.push(searchSpace(base, found, objective));
    }
    guide = new Guide(spaces, { maxDrop, response });
    let mends = 0;
    const isAhead = ({ latency, bytes }: Trial, other: Trial | undefined) =>
      !other || !isMeasured(other) || !isWithinBudget(budget, other) ||
      (objective === "size"
        ? bytes! < other.bytes
        : latency!.ratio.value < other.latency.ratio.low);
    for (let step: Step | undefined; (step = await guide.next());) {
      signal?.throwIfAborted();
      if (isLate(slowest)) {
        ended = "The time was up.";
        break;
      }
      const { proposal, assignment, why, expected } = step;
      const noise = Math.max(...proposal.noise);
      const predicted = { ms: proposal.ms, noise, drop: expected };
      const event = await attempt(assignment, why, predicted);
      placed.set(event.trial.key, proposal);
      const outcome = outcomeOf(event.trial, info, outputs.length);
      guide.tell(step, outcome);
      yield event;
      const again = outcome.drop !== undefined && mends < MOST_MENDS && isAhead(event.trial, best())
        ? withBiasCorrection(assignment, outcome.drop, maxDrop, response)
        : undefined;
      if (!again || isLate(2 * slowest)) continue;
      mends++;
      const mend = await attempt(again, "the same with its biases corrected", predicted);
      placed.set(mend.trial.key, proposal);
      yield mend;
    }
    ended ||= "Nothing better was predicted.";
  } catch (error) {
    if (signal?.aborted) ended = "It was stopped.";
    else if (late.signal.aborted) ended = "The time was up.";
    else if (error instanceof UserError && trials.length > 0) {
      ended = "It could not go on.";
      notes.push(error.message);
    } else throw error;
  } finally {
    clearTimeout(timeout);
  }

  const winner = best();
  let profiles = earlier?.profiles;
  const assignmentOfTrial = (trial: Trial) => readAssignment(trial);
  const configurationOfTrial = async (trial: Trial) => {
    const found = known.get(trial.key);
    return found ?? (await configure(assignmentOfTrial(trial), null)).configuration;
  };
  try {
    if (winner && !await store.evaluation(winner.modelHash!, "test")) {
      await measure.test(await configurationOfTrial(winner));
    }
    if (winner && profiles?.key !== winner.key) {
      onProgress("where the time goes");
      profiles = await measure.profiles(await configurationOfTrial(winner), winner.key);
    }
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
  const tested = winner && await store.evaluation(winner.modelHash!, "test");
  const proposal = winner && placed.get(winner.key);
  const record: SearchRecord = {
    ...{ objective, minutes, ended, notes },
    front: frontOf(budget, trials),
    ...(guide && { scale: guide.scale }),
    decisions: proposal && guide && response
      ? explainDecisions(proposal, {
        dropOf: (noise) => guide.expectedOf(noise),
        limit: noiseOfDrop(response, maxDrop) / guide.scale,
        calibration: await measure.calibration(proposal.space.base.name, [])
          .catch(() => undefined),
      })
      : winner && earlier?.winner?.key === winner.key
      ? earlier.search?.decisions ?? []
      : [],
  };
  const ending: Partial<StudyHeader> = {
    search: record,
    ...(winner && {
      winner: {
        key: winner.key,
        reason: whyBest(budget, trials, objective),
        ...(tested && { accuracy: tested.accuracy }),
      },
    }),
    ...(profiles && profiles.key === winner?.key && { profiles }),
  };
  if (trials.length === 0) {
    throw signal?.reason ?? new UserError(`Nothing could be measured on ${model.name}`);
  }
  await update(ending);
  if (out !== undefined) {
    const makeModel = async (key: string) =>
      await measure.makeModel(
        await configurationOfTrial(trials.find((trial) => trial.key === key)!),
      );
    const models = await writeModels((await store.study())!, out, makeModel, header.files);
    const files: Record<string, string> = { ...models, [STUDY_JSON]: "" };
    await update({ ...ending, files });
    const study = (await store.study())!;
    await writeStudyJson(study, out);
    for (const path of await options.report?.(study, out) ?? []) files[relative(out, path)] = "";
    await update({ ...ending, files });
  }
  yield { kind: "end", study: (await store.study())! };
}

/** The content key of a trial: all that decides its model and its accuracy. */
function trialKey(identity: StudyIdentity, assignment: Assignment): string {
  return contentKey({ ...measuredOn(identity), assignment: keyOf(assignment) });
}

/** What the store keeps of a trial is enough to make its model again. */
function readAssignment({ config }: Trial): Assignment {
  return assignmentRecord.parse((config as { assignment: unknown }).assignment);
}

/**
 * Makes the model of a trial of a search again, from its record: the same bytes.
 *
 * @param model The network that was searched.
 * @param data The same splits.
 */
export async function remakeTrial(model: Model, data: Splits, trial: Trial): Promise<Model> {
  const assignment = readAssignment(trial);
  const { corrections } = assignment;
  const base = await writeExactForm(model, await data.selection.sample(0), assignment.base);
  const mapping = mappingOfAssignment(assignment);
  const { int8 } = await quantizeWith(base, mapping, data.calibration, { corrections });
  return int8;
}

function configurationOf(
  assignment: Assignment,
  name: string,
  config: Measurable["config"],
): Measurable {
  const kinds = new Set(Object.values(assignment.forms));
  const [isStatic, isDynamic] = [kinds.has("static"), kinds.has("dynamic")];
  const family = isStatic && isDynamic
    ? "mixed"
    : isStatic
    ? "static"
    : isDynamic
    ? "dynamic"
    : "weights only";
  return {
    ...{ name, family, config },
    rewrite: nameOf(assignment.base),
    mapping: mappingOfAssignment(assignment),
    forms: Object.values(assignment.forms),
    ...(assignment.corrections && { corrections: assignment.corrections }),
  };
}

/** Largest accepted drop, from whichever way it was given. */
function budgetOf(
  { maxDrop, atLeast }: SearchOptions,
  metric: Metric,
  float32: number,
): number {
  if (atLeast === undefined) {
    const asked = maxDrop ?? defaultMaxDrop(metric);
    if (asked >= 0) return asked;
    throw new UserError(
      `Cannot search within a drop of ${asked} of ${metric.name}: float32 itself does not meet it; ` +
        `the largest accepted drop is 0 or more`,
    );
  }
  const allowed = drop(metric, { value: atLeast - float32 });
  if (allowed >= 0) return allowed;
  const unit = metric.unit && ` ${metric.unit}`;
  throw new UserError(
    `Cannot search for ${metric.name} of at least ${atLeast}${unit}: float32 itself has ` +
      `${Number(float32.toPrecision(5))}${unit} on the selection split; ask for less, or bring a ` +
      `better network`,
  );
}

/** Refuses a time limit in which not one trial would come to its end. */
function requireTime(minutes: number, floatSeconds: number, leftMs: number): void {
  // A trial evaluates as long as float32 did, and times about as long again.
  const trial = 2 * floatSeconds + 1;
  if (leftMs / 1000 > trial) return;
  const enough = Math.ceil(10 * (4 * trial + floatSeconds) / 60) / 10;
  throw new UserError(
    `Cannot search within ${minutes} minutes: float32 alone took ${
      floatSeconds.toFixed(1)
    } s, and ` +
      `one trial takes about ${trial.toFixed(0)} s; give it ${enough} minutes or more, or fewer ` +
      `selection samples`,
  );
}

function scoredSamples(dataset: Dataset, metric: Metric): number {
  if (!metric.usesLabels) return dataset.stream?.lengths.length ?? dataset.length;
  return dataset.labels?.filter((label) => label >= 0).length ?? 0;
}

/** What a trial teaches. Noise is known where there is but one output to have it. */
function outcomeOf(
  { accuracy, outputs, error }: Trial,
  metric: MetricInfo,
  count: number,
): { drop?: number; noise?: number } {
  if (error !== undefined || !accuracy) return {};
  const dB = metric.name === "SQNR"
    ? accuracy.value.low // what is judged, so that the limit on noise is one on that
    : count === 1
    ? outputs?.sqnr ?? undefined
    : undefined;
  return {
    drop: worstCaseDrop(metric, accuracy.difference),
    ...(dB !== undefined && { noise: 10 ** (-dB / 10) }),
  };
}

interface SensitivityContext {
  readonly store: Store;
  readonly measure: Measure;
  readonly runtime: Runtime;
  readonly outputs: readonly string[];
  readonly data: Dataset;
  readonly probes: number;
  readonly int4: boolean;
  readonly known?: Sensitivities;
  readonly lateAt: number;
  /** Takes what could not be measured. */
  readonly notes: string[];
  readonly signal: AbortSignal;
  readonly onProgress: (doing: string, share?: number) => void;
}

/** The sensitivities of a base, from the store if they are there. */
async function sensitivitiesOf(base: Base, context: SensitivityContext): Promise<Sensitivities> {
  const { store, measure, runtime, outputs, data, probes, int4, known, signal } = context;
  const { network: { model } } = base;
  const content = {
    model: await model.hash(),
    data: await data.hash(),
    outputs: [...outputs],
    ...{ probes, int4 },
  };
  const document = `layer noise ${contentKey(content)}`;
  const stored = await store.document(document);
  if (stored !== undefined) return sensitivities.parse(stored);
  const calibration = await measure.calibration(base.name, roundable(base));
  const steps = await independentSteps(data, model, runtime, signal);
  const replay = await Replay.open(model, steps, runtime, { signal });
  const asks = sensitivityAsks(base, outputs, { int4 });
  const found = await measureLayerNoise(asks, replay, calibration, {
    ...{ samples: probes, known },
    isLate: () => performance.now() > context.lateAt,
    onProgress: (done) => context.onProgress("sensitivity of layers", done),
  });
  context.notes.push(...found.notes);
  if (found.notes.length === 0) await store.putDocument(document, found.sensitivities);
  return found.sensitivities;
}
