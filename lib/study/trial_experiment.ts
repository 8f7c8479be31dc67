import { calibrateSizes } from "../calibrate/calibrate.ts";
import {
  type Calibration,
  CALIBRATION_FORMAT,
  calibrationFromJson,
  calibrationToJson,
} from "../calibrate/calibration.ts";
import { withErrors } from "../evaluate/plan_errors.ts";
import { withTimes } from "../profile/plan_times.ts";
import { profile } from "../profile/profile_model.ts";
import type { Observer } from "../calibrate/observers.ts";
import { type Dataset, slice } from "../data/dataset.ts";
import type { Splits } from "../data/split.ts";
import { evaluate, type Evaluation } from "../evaluate/evaluate.ts";
import { latencyRatio } from "../evaluate/latency.ts";
import type { Metric } from "../evaluate/metric.ts";
import type { Model } from "../onnx/model.ts";
import { raiseOpset } from "../onnx/opset.ts";
import { convert } from "../quantize/convert.ts";
import type { QConfigMapping } from "../quantize/mapping.ts";
import type { Plan } from "../quantize/plan.ts";
import type { QuantizedModel } from "../quantize/quantized_model.ts";
import { prepare, QUANTIZED_OPSET, tap } from "../quantize/prepare.ts";
import { type Correction, quantizeWith } from "../quantize/quantize_with.ts";
import { readPlan } from "../quantize/read_plan.ts";
import { UnknownBuildError } from "../runtime/runtime_errors.ts";
import { openRuntime, type Runtime } from "../runtime/pool.ts";
import type { Feeds } from "../tensor/tensor.ts";
import { describeRanges } from "../calibrate/describe_ranges.ts";
import type { Configuration } from "../strategy/sweep/grid.ts";
import { contentKey } from "../record/json.ts";
import type { Study } from "../record/study_record.ts";
import type { Latency } from "../record/trial_record.ts";
import type { Store, StoredEvaluation, StoredTrial } from "./store.ts";
import type { Work } from "./progress.ts";

/** What a sweep measures with. */
export interface MeasureSetup {
  /** The model as given: the baseline of accuracy and latency. */
  readonly model: Model;
  /** The same function in its exact forms, by name: what configurations are made from. */
  readonly bases: Readonly<Record<string, Model>>;
  readonly data: Splits;
  readonly metric: Metric;
  /** Ranges are found for all of them at once, of each form of the network. */
  readonly configurations: readonly Measurable[];
  /** Tensors of a form of the network to watch besides. @default {none} */
  readonly watch?: (base: string) => readonly string[];
  readonly store: Store;
  readonly work: Work;
  /** Workers to use, which their owner closes. @default {workers of its own} */
  readonly runtime?: Runtime;
  readonly workers: number;
  /** Threads of the runtime while latency is measured. */
  readonly threads: number;
  readonly rounds: number;
  readonly maxRounds: number;
  readonly machine: string;
  readonly signal?: AbortSignal;
}

type Split = "selection" | "test";

/** What {@linkcode Measure} has to know of a configuration. */
export interface Measurable extends Pick<Configuration, "name" | "family" | "mapping" | "config"> {
  /** Name of the form of the network that it is made from. */
  readonly rewrite: string;
  /** The form that each node takes. */
  readonly forms: readonly string[];
  /** Number of samples that its ranges come from. @default {the whole calibration split} */
  readonly calibrationSamples?: number;
  /** What is corrected before conversion. @default {nothing} */
  readonly corrections?: readonly Correction[];
  /** Its name without that number. @default {the name} */
  readonly series?: string;
}

/** Samples that take turns while latency is measured. */
const TIMED_SAMPLES = 4;

/** Turns of less than this, in milliseconds, say more of the machine's scheduler than of the model. */
const LEAST_TURN_MS = 25;

/** Most milliseconds of the rounds of one trial, where they are many enough. */
const MOST_TIMING_MS = 12_000;

/** About as many runs as both models need until their time is steady (4 to 14 were seen). */
const WARMUP_RUNS = 20;

/**
 * Does the measuring of a sweep. Whatever is in the store is taken from there; whatever is measured
 * goes there at once. What several configurations need (workers, float32's outputs, the statistics of
 * calibration) is made at the first need and then kept.
 */
export class Measure implements AsyncDisposable {
  readonly #setup: MeasureSetup;
  #runtime: Runtime | undefined;
  #timingPool: Runtime | undefined;
  /** By rewrite and number of samples. */
  readonly #calibrations = new Map<string, Calibration>();
  readonly #baselines = new Map<Split, Promise<Evaluation>>();

  constructor(setup: MeasureSetup) {
    this.#setup = setup;
  }

  /** Size in runs of the network of each step, for {@linkcode Work}. */
  get sizes(): { float32: number; calibration: number; trial: number; test: number } {
    const { data, workers, rounds } = this.#setup;
    const accuracy = data.selection.length / workers;
    return {
      float32: accuracy,
      calibration: data.calibration.length / workers,
      trial: accuracy + 2 * rounds + WARMUP_RUNS,
      test: 2 * data.test.length / workers,
    };
  }

  /** Whether everything of a trial is in the store. */
  async isDone(key: string): Promise<boolean> {
    const { store, threads, machine } = this.#setup;
    const trial = await store.trial(key);
    if (!trial?.modelHash || trial.error !== undefined) return false;
    return await store.evaluation(trial.modelHash, "selection") !== undefined &&
      await store.timing(trial.modelHash, threads, machine) !== undefined;
  }

  /** Tells how much work it is to measure these configurations, and the winner on the test split. */
  announce(missing: readonly Measurable[]): void {
    const { work } = this.#setup;
    const { float32, calibration, trial, test } = this.sizes;
    if (missing.length > 0) work.expect(float32);
    for (const rewrite of Object.keys(this.#setup.bases)) {
      const needed = missing.some((one) => one.rewrite === rewrite && this.needsCalibration(one));
      if (needed) work.expect(calibration);
    }
    work.expect(trial * missing.length + test);
  }

  /** Whether ranges have to be found before this configuration can be made. */
  needsCalibration({ forms }: Measurable): boolean {
    return forms.some((form) => form.startsWith("static"));
  }

  /**
   * Float32 on a split, with its outputs, which candidates are compared with.
   *
   * @throws {UserError} If samples, labels or metric do not suit the model.
   */
  async baseline(split: Split): Promise<Evaluation> {
    const known = this.#baselines.get(split);
    if (known) return await known;
    const { model, data, metric, work, store } = this.#setup;
    const dataset = data[split];
    const doing = split === "test" ? "test" : "float32";
    const size = split === "test" ? this.sizes.test / 2 : this.sizes.float32;
    const onProgress = work.begin(doing, size, dataset.length, "float32");
    const run = evaluate(this.#workers, model, dataset, metric, undefined, {
      signal: this.#setup.signal,
      onProgress,
    });
    this.#baselines.set(split, run);
    const evaluation = await run;
    const { value } = evaluation;
    // Closeness to float32 is known of float32 itself, not estimated.
    const own = metric.perfect !== undefined
      ? { ...value, low: value.value, high: value.value }
      : value;
    const stored = accuracyOf({ ...evaluation, value: own }, split);
    await store.putEvaluation(await model.hash(), stored);
    return evaluation;
  }

  /** The model of a configuration. */
  async makeModel(configuration: Measurable): Promise<Model> {
    return (await this.#convert(configuration)).model;
  }

  /**
   * Makes the model of a configuration and measures accuracy and latency, each unless it is in the
   * store. A failure is the trial's result; only an abort, and what is wrong with float32 itself or
   * with the calibration, is thrown.
   */
  async trial(configuration: Measurable, key: string): Promise<void> {
    const { store, signal, work } = this.#setup;
    await this.baseline("selection");
    await this.#calibrationFor(configuration);
    const end = work.done + this.sizes.trial;
    const started = performance.now();
    const { name, family, config, series = name } = configuration;
    const samples = this.#sizeOf(configuration);
    const trial: StoredTrial = {
      key,
      name,
      family,
      config: config as StoredTrial["config"],
      ...(this.needsCalibration(configuration) && { calibration: { series, samples } }),
      executes: {},
      plan: [],
      seconds: 0,
    };
    const seconds = () => Math.round(performance.now() - started) / 1000;
    try {
      const { model, converted } = await this.#convert(configuration);
      const plan = await this.#readBack(converted, model);
      Object.assign(trial, {
        executes: plan.executes(),
        plan: [...plan.rows],
        bytes: model.bytes().length,
        modelHash: await model.hash(),
      });
      await this.#evaluate(model, "selection", name);
      await store.putTrial({ ...trial, seconds: seconds() });
      await this.#time(model, name);
      await store.putTrial({ ...trial, seconds: seconds() });
    } catch (error) {
      if (signal?.aborted) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      await store.putTrial({ ...trial, seconds: seconds(), error: reason });
    } finally {
      work.reach(end);
    }
  }

  /** Measures a configuration on the test split, beside float32. */
  async test(configuration: Measurable): Promise<void> {
    const model = await this.makeModel(configuration);
    await this.baseline("test");
    await this.#evaluate(model, "test", configuration.name);
  }

  /** Where the time of float32 and of a configuration goes, and its plan with times and errors. */
  async profiles(
    configuration: Measurable,
    key: string,
  ): Promise<NonNullable<Study["profiles"]>> {
    const { model: given, signal } = this.#setup;
    const samples = await this.#timedSamples();
    const options = { runtime: this.#timer, signal };
    const { model, converted, float32 } = await this.#convert(configuration);
    const { record: before } = await profile(given, samples, options);
    const { record: after } = await profile(model, samples, options);
    const executed = converted.withPlan(await this.#readBack(converted, model));
    const timed = withTimes(executed, after);
    const { plan } = await withErrors(timed, float32, samples, { runtime: this.#workers, signal });
    return { key, before, after, plan: [...plan.rows] };
  }

  /**
   * What calibration saw, and what the observers of the configurations keep of it: on the form of the
   * network that most of them are made from, in the largest number of samples. Undefined where nothing
   * was calibrated.
   */
  async ranges(): Promise<Study["ranges"]> {
    const calibrated = this.#setup.configurations.filter((one) => this.needsCalibration(one));
    const byRewrite = Map.groupBy(calibrated, ({ rewrite }) => rewrite);
    const [most] = [...byRewrite].sort(([, a], [, b]) => b.length - a.length);
    if (!most) return undefined;
    const [rewrite, own] = most;
    const size = Math.max(...own.map((configuration) => this.#sizeOf(configuration)));
    const seen = await this.#knownCalibration(rewrite, size);
    const named = own.flatMap(({ mapping }) => observersOf(mapping));
    const observers = [...new Map(named.map((observer) => [observer.name, observer])).values()];
    const { graph } = raiseOpset(this.#setup.bases[rewrite]!, QUANTIZED_OPSET);
    return seen && describeRanges(seen, graph, observers);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#runtime?.close();
    this.#timingPool?.close();
    return Promise.resolve();
  }

  /** Workers of one thread each, which share the samples. */
  get #workers(): Runtime {
    return this.#setup.runtime ??
      (this.#runtime ??= openRuntime({ workers: this.#setup.workers, threads: 1 }));
  }

  /** What latency is measured in. */
  get #timer(): Runtime {
    const { runtime, threads } = this.#setup;
    if (runtime || threads === 1) return this.#workers;
    return this.#timingPool ??= openRuntime({ workers: 1, threads });
  }

  /**
   * The model of a configuration, what the quantizer made of it with the plan it decided on, and the
   * float32 network that it stands for tensor by tensor.
   */
  async #convert(
    configuration: Measurable,
  ): Promise<{ model: Model; converted: QuantizedModel; float32: Model }> {
    const { mapping, rewrite, corrections = [] } = configuration;
    const base = this.#setup.bases[rewrite]!;
    const calibration = await this.#calibrationFor(configuration);
    if (corrections.length > 0) {
      const samples = slice(this.#setup.data.calibration, 0, this.#sizeOf(configuration));
      const options = {
        corrections,
        calibration,
        runtime: this.#workers,
        signal: this.#setup.signal,
      };
      const { int8, float32 } = await quantizeWith(base, mapping, samples, options);
      return { model: int8, converted: int8, float32 };
    }
    const converted = convert(base, mapping, calibration);
    // Where nothing changes, the very bytes of the file stay, and with them all that is known of them.
    return { model: converted.proto === base.proto ? base : converted, converted, float32: base };
  }

  /** The plan with what the runtime executes, where that can be read. */
  async #readBack(converted: QuantizedModel, model: Model): Promise<Plan> {
    try {
      return readPlan(converted, await this.#workers.optimized(model));
    } catch (error) {
      if (error instanceof UnknownBuildError) return converted.plan;
      throw error;
    }
  }

  async #evaluate(model: Model, split: Split, name: string): Promise<void> {
    const { data, metric, store, signal, work } = this.#setup;
    const hash = await model.hash();
    if (await store.evaluation(hash, split)) return;
    const reference = await this.baseline(split);
    const dataset: Dataset = data[split];
    const [doing, size] = split === "test"
      ? ["test", this.sizes.test / 2] as const
      : ["accuracy", this.sizes.float32] as const;
    const onProgress = work.begin(doing, size, dataset.length, name);
    const evaluation = await evaluate(this.#workers, model, dataset, metric, reference, {
      signal,
      onProgress,
    });
    await store.putEvaluation(hash, accuracyOf(evaluation, split));
  }

  async #time(model: Model, name: string): Promise<Latency> {
    const { store, threads, machine, signal, work, model: baseline } = this.#setup;
    const { rounds, maxRounds } = this.#setup;
    const hash = await model.hash();
    const known = await store.timing(hash, threads, machine);
    if (known) return known;
    const report = work.begin("latency", this.sizes.trial - this.sizes.float32, 1, name);
    const samples = await this.#timedSamples();
    const ms: number[][] = [];
    let latency: Latency;
    let inTime: boolean;
    do {
      const options = { rounds, minRoundMs: LEAST_TURN_MS, maxMs: MOST_TIMING_MS, signal };
      const more = await this.#timer.times([baseline, model], samples, options);
      ms.push(...more.ms);
      inTime = more.ms.length === rounds;
      latency = latencyRatio({ ms }, { threads, machine });
    } while (isUnsure(latency) && inTime && ms.length + rounds <= maxRounds);
    await store.putTiming(hash, latency);
    report(1);
    return latency;
  }

  async #timedSamples(): Promise<Feeds[]> {
    const { selection } = this.#setup.data;
    const count = Math.min(TIMED_SAMPLES, selection.length);
    return await Promise.all(Array.from({ length: count }, (_, i) => selection.sample(i)));
  }

  /** What calibration saw of the tensors of a configuration; undefined if it needs none. */
  async #calibrationFor(configuration: Measurable): Promise<Calibration | undefined> {
    if (!this.needsCalibration(configuration)) return undefined;
    const { rewrite, mapping } = configuration;
    const { tensors } = prepare(this.#setup.bases[rewrite]!, mapping);
    return await this.calibration(rewrite, tensors, this.#sizeOf(configuration));
  }

  /**
   * What calibration saw of tensors of a form of the network, and of all others that are watched there.
   *
   * @param size Number of samples, from the first. @default {all there are}
   * @throws {UserError} If a sample does not fit the model, or a tensor turns NaN or infinite.
   */
  async calibration(
    rewrite: string,
    tensors: readonly string[],
    size = this.#setup.data.calibration.length,
  ): Promise<Calibration> {
    const known = await this.#knownCalibration(rewrite, size);
    if (known && tensors.every((name) => known.statistics.has(name))) return known;
    await this.#calibrate(rewrite, tensors, size);
    return (await this.#knownCalibration(rewrite, size))!;
  }

  /** Number of samples that the ranges of a configuration come from. */
  #sizeOf({ calibrationSamples }: Measurable): number {
    return calibrationSamples ?? this.#setup.data.calibration.length;
  }

  /** What has been seen in so many samples, in this run or, if the store has it, in an earlier one. */
  async #knownCalibration(rewrite: string, size: number): Promise<Calibration | undefined> {
    const known = this.#calibrations.get(`${rewrite} ${size}`);
    if (known) return known;
    const stored = await this.#setup.store.document(await this.#documentOf(rewrite, size));
    if (stored === undefined) return undefined;
    const calibration = calibrationFromJson(stored);
    this.#calibrations.set(`${rewrite} ${size}`, calibration);
    return calibration;
  }

  /** Name under which a calibration is stored: by all that it depends on. */
  async #documentOf(rewrite: string, samples: number): Promise<string> {
    const { bases, data } = this.#setup;
    const key = contentKey({
      model: await bases[rewrite]!.hash(),
      data: await data.calibration.hash(),
      samples,
      format: CALIBRATION_FORMAT,
    });
    return `calibration ${key}`;
  }

  /**
   * One pass over the data for all tensors that some configuration of a rewrite needs, and for all
   * numbers of samples.
   */
  async #calibrate(rewrite: string, tensors: readonly string[], size: number): Promise<void> {
    const { bases, data, configurations, watch, signal, work, store } = this.#setup;
    const base = bases[rewrite]!;
    const own = configurations.filter((configuration) =>
      configuration.rewrite === rewrite && this.needsCalibration(configuration)
    );
    const sizes = [...new Set([size, ...own.map((configuration) => this.#sizeOf(configuration))])];
    const ranged = prepare(base, ...own.map(({ mapping }) => mapping)).tensors;
    const watched = tap(base, [...ranged, ...tensors, ...watch?.(rewrite) ?? []]);
    const onProgress = work.begin("calibration", this.sizes.calibration, Math.max(...sizes));
    const options = { runtime: this.#workers, signal, onProgress };
    const found = await calibrateSizes(watched, data.calibration, sizes, options);
    for (const [i, calibration] of found.entries()) {
      await store.putDocument(
        await this.#documentOf(rewrite, sizes[i]!),
        calibrationToJson(calibration),
      );
      this.#calibrations.set(`${rewrite} ${sizes[i]}`, calibration);
    }
  }
}

/** Whether a latency is worth measuring twice as long: it drifted, or is not known to 10 %. */
function isUnsure({ drifted, ratio }: Latency): boolean {
  return drifted || ratio.high - ratio.low > 0.1 * ratio.value;
}

/** An evaluation as it is stored. Float32 is compared with itself, which leaves nothing to estimate. */
function accuracyOf(evaluation: Evaluation, split: Split): StoredEvaluation {
  const { value, scores, results, outputs = results && { sqnr: null, cosine: 1 } } = evaluation;
  const difference = evaluation.difference ?? { value: 0, low: 0, high: 0, n: value.n };
  return { accuracy: { split, value, difference }, ...(outputs && { outputs }), scores };
}

/** The observers that a mapping names. */
function observersOf({ default: byDefault, rules }: QConfigMapping): Observer[] {
  const qconfigs = [byDefault, ...rules.map(([, qconfig]) => qconfig)];
  return qconfigs.flatMap((qconfig) => qconfig.kind === "static" ? [qconfig.activation] : []);
}
