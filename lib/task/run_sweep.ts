import { relative } from "node:path";
import type { Splits } from "../data/split.ts";
import { UserError } from "../errors.ts";
import { defaultMetric } from "../evaluate/default_metric.ts";
import { infoOf, type Metric } from "../evaluate/metric.ts";
import { valueTypes } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import { raiseOpset } from "../onnx/opset.ts";
import { fuse } from "../passes/fuse.ts";
import { QUANTIZED_OPSET } from "../quantize/prepare.ts";
import type { Runtime } from "../runtime/pool.ts";
import { machineFingerprint, runtimeVersions } from "../runtime/versions.ts";
import { defaultMaxDrop } from "../evaluate/default_budget.ts";
import {
  parseSweepConfig,
  type SweepConfig,
  type SweepConfigInput,
} from "../config/sweep_config.ts";
import { STUDY_JSON, writeModels, writeStudyJson } from "../study/files.ts";
import { type Collapsed, type Configuration, expandGrid } from "../strategy/sweep/grid.ts";
import { describeStudy, measuredOn, studyBaseline, studyIdentity } from "../study/identity.ts";
import { contentKey } from "../record/json.ts";
import { Measure } from "../study/trial_experiment.ts";
import { gitRevision, OCTAVO_VERSION } from "../study/provenance.ts";
import type { MetricInfo } from "../record/metric_info.ts";
import type { Study } from "../record/study_record.ts";
import type { Trial } from "../record/trial_record.ts";
import { makeBases } from "../passes/exact_form.ts";
import { openStore, type StudyHeader, type StudyIdentity } from "../study/store.ts";
import { bestTrial, whyBest } from "../record/best.ts";
import { type Progress, Work } from "../study/progress.ts";

/** What a sweep tells while it works. */
export type SweepEvent =
  | {
    readonly kind: "begin";
    /** Names of all configurations, in order. */
    readonly configurations: readonly string[];
    /** How many of them are in the store already. */
    readonly reused: number;
    /** Points of the grid that give the same model as another. */
    readonly collapsed: readonly Collapsed[];
    readonly metric: MetricInfo;
    readonly maxDrop: number;
  }
  | { readonly kind: "progress"; readonly progress: Progress }
  | {
    readonly kind: "trial";
    readonly trial: Trial;
    /** From 1. */
    readonly number: number;
    readonly of: number;
    /** Taken from an earlier run. */
    readonly reused: boolean;
    /** Float32 on the selection split. */
    readonly baseline: Study["baseline"];
    /** The winner so far, if there is one. */
    readonly best?: Trial;
  };

/** Options for {@linkcode sweep}. */
export interface SweepOptions {
  /** Folder of the study. @default {none: it lives in memory and no file is written} */
  out?: string;
  /** Start over in a folder that holds a study. @default {false} */
  fresh?: boolean;
  /** What to measure, and how it is judged. @default {see {@linkcode SweepConfig}} */
  config?: SweepConfigInput;
  /** @default {top-1 with labels, else agreement or SQNR, by the outputs} */
  metric?: Metric;
  /** What tells two metrics of one name apart. @default {the text of its scoring function} */
  metricSource?: string;
  /** Rounds in which float32 and the candidate take turns while latency is measured. @default {15} */
  rounds?: number;
  /**
   * Where the ratio is not known to 10 % after that, or the machine drifted, as many rounds again,
   * up to this many. @default {twice `rounds`}
   */
  maxRounds?: number;
  /**
   * Workers to use, which stay open; latency is measured with their number of threads.
   * @default {workers of its own, as the config says}
   */
  runtime?: Runtime;
  /** Title of the study. @default {the model's name} */
  title?: string;
  /** How to run it again, for the record. @default {"sweep()"} */
  command?: string;
  /** Writes a report into the folder and returns the paths of its files. @default {none} */
  report?: (study: Study, folder: string) => Promise<readonly string[]>;
  /** Ends the work early. What has been measured is kept, and the study so far returned. */
  signal?: AbortSignal;
  /** Told of everything that happens, at once. */
  onEvent?: (event: SweepEvent) => void;
}

/**
 * Measures the configurations of a grid against float32: accuracy on the selection split with the
 * paired difference, closeness of the outputs, latency as a ratio, size. The fastest that keeps the
 * budget is chosen and measured on the test split, once.
 *
 * Results are stored as they come. The same sweep on the same folder continues where it was stopped,
 * and measures nothing again.
 *
 * @param model The float32 model.
 * @param data Samples, split three ways.
 * @returns The study; the study so far if it was stopped by `signal`.
 * @throws {UserError} If model, data, metric or config do not go together, or the folder holds another
 * study. Nothing has been written then.
 * @throws The signal's reason, if it was stopped before anything was measured.
 */
export async function sweep(
  model: Model,
  data: Splits,
  options: SweepOptions = {},
): Promise<Study> {
  const { out, fresh, runtime, signal, onEvent = () => {} } = options;
  const { rounds = 15, maxRounds = 2 * rounds } = options;
  const config = parseSweepConfig(JSON.stringify(options.config ?? {}), "options.config");
  const { workers = runtime?.workers ?? Math.min(4, navigator.hardwareConcurrency) } = config;
  const threads = runtime?.threads ?? config.threads ?? 1;
  const labelled = data.selection.labels?.some((label) => label >= 0) ?? false;
  const metric = options.metric ?? defaultMetric(valueTypes(model.graph).outputs, labelled);
  const { name, unit } = metric;
  const budget = {
    metric: infoOf(metric),
    maxDrop: config.maxDrop ?? defaultMaxDrop(metric),
  };

  const bases = await makeBases(fuse(model), await data.calibration.sample(0));
  const raised = (base: Model) => raiseOpset(base, QUANTIZED_OPSET).graph;
  const fused = raised(bases.fused);
  const lowered = bases.lowered === bases.fused ? fused : raised(bases.lowered);
  const { configurations, collapsed } = expandGrid(config, { fused, lowered });
  requireSamples(configurations, data);
  const source = options.metricSource ?? metric.score.toString();
  const identity = await studyIdentity(model, data, { name, unit, source });
  const keys = configurations.map((configuration) => trialKey(identity, configuration));

  await using store = await openStore(out, identity, { fresh });
  const machine = machineFingerprint();
  const work = new Work((progress) => onEvent({ kind: "progress", progress }));
  await using measure = new Measure({
    ...{ model, bases, data, metric, configurations, store, work },
    ...{ runtime, workers, threads, rounds, maxRounds, machine, signal },
  });
  const done = await Promise.all(keys.map((key) => measure.isDone(key)));
  const reused = done.filter(Boolean).length;
  measure.announce(configurations.filter((_, i) => !done[i]));
  const names = configurations.map(({ name }) => name);
  onEvent({ kind: "begin", configurations: names, reused, collapsed, ...budget });

  const header: Omit<StudyHeader, "baseline"> = {
    schema: 1,
    title: options.title ?? model.name.replace(/\.onnx$/, ""),
    ...describeStudy(model, data, identity, labelled),
    ...budget,
    collapsed: collapsed.map((point) => ({ ...point })),
    provenance: {
      command: options.command ?? "sweep()",
      config: {
        ...plain(config),
        calibration: data.calibration.length,
        selection: data.selection.length,
        test: data.test.length,
        ...{ seed: data.seed, maxDrop: budget.maxDrop, workers, threads },
      },
      versions: { octavo: OCTAVO_VERSION, ...runtimeVersions() },
      machine,
      revision: await gitRevision(),
      ...{ workers, threads, reused },
    },
    grid: keys,
    files: (await store.header())?.files ?? {},
  };
  /** Brings the header up to date; undefined as long as float32 has not been measured. */
  const update = async (trials: readonly Trial[], changes: Partial<StudyHeader> = {}) => {
    const baseline = await studyBaseline(store, identity.model.hash, trials);
    if (baseline) await store.putHeader({ ...header, baseline, ...changes });
    return baseline;
  };

  const trials: Trial[] = [];
  let profiles = (await store.header())?.profiles;
  let ranges: Study["ranges"];
  try {
    for (const [i, configuration] of configurations.entries()) {
      signal?.throwIfAborted();
      if (!done[i]) await measure.trial(configuration, keys[i]!);
      const trial = (await store.result(keys[i]!, threads, machine))!;
      trials.push(trial);
      const baseline = (await update(trials))!;
      const best = bestTrial(header, trials);
      const place = { number: i + 1, of: keys.length, reused: done[i]! };
      onEvent({ kind: "trial", trial, ...place, baseline, ...(best && { best }) });
    }
    ranges = await measure.ranges();
    const best = bestTrial(header, trials);
    if (best && !await store.evaluation(best.modelHash!, "test")) {
      await measure.test(configurations[keys.indexOf(best.key)]!);
    }
    if (best && profiles?.key !== best.key) {
      profiles = await measure.profiles(configurations[keys.indexOf(best.key)]!, best.key);
    }
  } catch (error) {
    if (!signal?.aborted) throw error;
  }

  const best = bestTrial(header, trials);
  const tested = best && await store.evaluation(best.modelHash!, "test");
  const winner = best && {
    key: best.key,
    reason: whyBest(header, trials),
    ...(tested && { accuracy: tested.accuracy }),
  };
  const ending = {
    winner,
    ...(ranges && { ranges }),
    ...(profiles && profiles.key === best?.key && { profiles }),
  };
  if (!await update(trials, ending)) {
    throw signal?.reason ?? new UserError(`Nothing could be measured on ${model.name}`);
  }
  if (out === undefined) return (await store.study())!;

  const makeModel = (key: string) => measure.makeModel(configurations[keys.indexOf(key)]!);
  const models = await writeModels((await store.study())!, out, makeModel, header.files);
  const files: Record<string, string> = { ...models, [STUDY_JSON]: "" };
  await update(trials, { ...ending, files });
  const study = (await store.study())!;
  await writeStudyJson(study, out);
  for (const path of await options.report?.(study, out) ?? []) files[relative(out, path)] = "";
  await update(trials, { ...ending, files });
  return study;
}

/**
 * The content key of a trial: all that decides its model and its accuracy. The test split is not in
 * it, since it decides nothing.
 */
function trialKey(
  identity: StudyIdentity,
  { rewrite, forms, calibrationSamples, corrections }: Configuration,
): string {
  return contentKey({
    ...measuredOn(identity),
    rewrite,
    forms: [...forms],
    ...(calibrationSamples !== undefined && { calibrationSamples }),
    ...(corrections.length > 0 && { corrections: [...corrections] }),
  });
}

/** Refuses configurations that want more calibration samples than there are. */
function requireSamples(configurations: readonly Configuration[], { calibration }: Splits): void {
  const sizes = configurations.map(({ calibrationSamples = 0 }) => calibrationSamples);
  const largest = Math.max(...sizes);
  if (largest <= calibration.length) return;
  throw new UserError(
    `Cannot calibrate on ${largest} samples, as "calibrationSizes" says: the calibration split ` +
      `holds ${calibration.length}; give it more with "calibration" (--calibration)`,
  );
}

/** Without the fields that are undefined, which JSON does not know. */
function plain(config: SweepConfig): Record<string, StudyHeader["provenance"]["config"]> {
  return JSON.parse(JSON.stringify(config));
}
