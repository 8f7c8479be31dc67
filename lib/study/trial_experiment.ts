import type { Calibration } from "../calibrate/calibration.ts";
import { describeRanges } from "../calibrate/describe_ranges.ts";
import type { Splits } from "../data/split.ts";
import { reasonOf } from "../errors.ts";
import { downloadSizes } from "../evaluate/download_sizes.ts";
import { evaluate, type Evaluation } from "../evaluate/evaluate.ts";
import { measureColdStart } from "../evaluate/measure_cold_start.ts";
import type { Metric } from "../evaluate/metric.ts";
import type { Model } from "../onnx/model.ts";
import type { ExactForms } from "../passes/exact_form.ts";
import { observersOf } from "../quantize/mapping.ts";
import type { Plan } from "../quantize/plan.ts";
import { prepare } from "../quantize/prepare.ts";
import { readPlan } from "../quantize/read_plan.ts";
import { contentKey, type Plain } from "../record/json.ts";
import type { Recipe } from "../record/recipe.ts";
import { baseName, recipeFamily, recipeName, seriesName } from "../record/recipe_name.ts";
import type { Study } from "../record/study_record.ts";
import type { Latency, Trial } from "../record/trial_record.ts";
import { countNodes } from "../runtime/count_nodes.ts";
import type { ColdStartOptions } from "../runtime/runtime.ts";
import { type TimingCase, timingCases } from "../runtime/timing_cases.ts";
import type { Feeds } from "../tensor/tensor.ts";
import { build, type BuildContext, type Built, mappingOn } from "./build.ts";
import { BuiltCache } from "./built_cache.ts";
import { Calibrations } from "./calibrations.ts";
import { requireRecipe, requireSense } from "./check_recipe.ts";
import { measuredOn } from "./identity.ts";
import type { StudyProgress } from "./progress.ts";
import type { Runtimes } from "./runtimes.ts";
import type { Experiment } from "./strategy.ts";
import {
  type EvaluationRecord,
  isOver,
  type StoredEvaluation,
  type StoredTrial,
  type StudyStore,
} from "./study_store.ts";
import type { TrialAsk } from "./trial_ask.ts";
import { profilesOf } from "./trial_profiles.ts";
import { timeAgainst, TIMED_SAMPLES } from "./trial_timing.ts";

/** What trials are measured with. */
export interface TrialSetup {
  /** The network that is quantized, and its exact forms. */
  readonly forms: ExactForms;
  /** The model as given, which time and size are against. @default {the network} */
  readonly given?: Model;
  /** What accuracy is against. @default {the model as given} */
  readonly reference?: Model;
  /** How progress calls the model as given. @default {"float32"} */
  readonly givenName?: string;
  readonly data: Splits;
  readonly metric: Metric;
  readonly store: StudyStore;
  readonly runtimes: Runtimes;
  readonly progress: StudyProgress;
  /** Fingerprint of the machine. */
  readonly machine: string;
  /** Rounds in which float32 and a candidate take turns, and the most of them. */
  readonly rounds: number;
  readonly maxRounds: number;
  /** Workers per model in which a cold start is measured; 0: it is not. */
  readonly coldRounds: number;
  /** Lengths of samples that latency is measured at. @default {as they come} */
  readonly lengths?: readonly number[] | undefined;
  /** Names a trial that has no name yet. @default {the recipe's own name} */
  readonly nameOf?: (recipe: Recipe) => string;
  readonly signal?: AbortSignal;
}

type Split = "selection" | "test";

/** Workers per model that the times until steady come from, for an interval of 95 %. */
const STEADY_ROUNDS = 6;

/** About as many runs as both models need until their time is steady (4 to 14 were seen). */
const WARMUP_RUNS = 20;

/**
 * Builds and measures trials: accuracy on the selection split, latency in turns with float32, size. What is
 * in the store is taken from there; what is measured goes there at once. What several trials need
 * (float32's outputs, the statistics of calibration, built models) is made at the first need and then kept.
 */
export class TrialExperiment implements Experiment<TrialAsk, Trial> {
  readonly #setup: TrialSetup;
  readonly #calibrations: Calibrations;
  readonly #built = new BuiltCache();
  readonly #baselines = new Map<Split, Promise<Evaluation>>();
  #timed: Promise<TimingCase[]> | undefined;
  /** Recipes that are measured together, which calibrate in one pass. */
  #batch: readonly Recipe[] = [];
  /** Tensors to watch besides, by name of the form of the network. */
  readonly #watched = new Map<string, readonly string[]>();

  constructor(setup: TrialSetup) {
    this.#setup = setup;
    this.#calibrations = new Calibrations(
      setup.data.calibration,
      setup.store,
      () => setup.runtimes.run,
    );
  }

  /** The content key of a trial: all that decides its model, its accuracy and its bytes. */
  key(recipe: Recipe): string {
    const plain: Plain<Recipe> = recipe;
    return contentKey({ ...measuredOn(this.#setup.store.identity), recipe: plain });
  }

  /** The trial of an earlier run, if all of it was measured; one that failed is tried again. */
  async known({ recipe }: TrialAsk): Promise<Trial | undefined> {
    requireRecipe(recipe);
    const trial = await this.#result(recipe);
    const isDone = trial && trial.error === undefined && isOver(trial) &&
      await this.#isTimed(trial.latency!);
    return isDone ? trial : undefined;
  }

  /** Whether a time is of the lengths that are asked for. */
  async #isTimed({ at = [] }: Latency): Promise<boolean> {
    const wanted = (await this.#cases()).flatMap(({ name }) => name ?? []);
    return wanted.length === at.length && at.every(({ name }, i) => name === wanted[i]);
  }

  async *measure(
    asks: readonly TrialAsk[],
  ): AsyncGenerator<readonly [TrialAsk, Trial], void, void> {
    this.#batch = asks.map(({ recipe }) => recipe);
    for (const ask of asks) {
      this.#setup.signal?.throwIfAborted();
      // What was asked for twice is measured once.
      if (!await this.known(ask)) await this.#measure(ask);
      yield [ask, (await this.#result(ask.recipe))!];
    }
  }

  /** Announces how much work it is to measure these, and a winner on the test split. */
  async announce(recipes: readonly Recipe[]): Promise<void> {
    const { progress } = this.#setup;
    const { float32, calibration, trial, test } = this.#sizes;
    if (recipes.length > 0) progress.expect(float32);
    const calibrated = new Set<string>();
    for (const recipe of recipes) {
      if (await this.#isCalibrated(recipe)) calibrated.add(baseName(recipe.base));
    }
    progress.expect(calibration * calibrated.size + trial * recipes.length + test);
  }

  /**
   * Float32 on a split, with its outputs, which candidates are compared with.
   *
   * @throws {UserError} If samples, labels or metric do not suit the model.
   */
  async baseline(split: Split): Promise<Evaluation> {
    const known = this.#baselines.get(split);
    if (known) return await known;
    const run = this.#evaluateFloat32(split);
    this.#baselines.set(split, run);
    return await run;
  }

  get #given(): Model {
    return this.#setup.given ?? this.#setup.forms.model;
  }

  /** The model as given against what accuracy is against; undefined where it is that itself. */
  async evaluateGiven(split: Split): Promise<EvaluationRecord | undefined> {
    const { store, reference, givenName = "float32" } = this.#setup;
    if (!reference || reference === this.#given) return undefined;
    await this.#evaluate(this.#given, split, givenName);
    return await store.evaluation(await this.#given.hash(), split);
  }

  /** The model of a recipe, built once as long as there is room to keep it. */
  async build(recipe: Recipe): Promise<Built> {
    const key = this.key(recipe);
    return this.#built.get(key) ?? this.#built.put(key, await build(recipe, this.#context));
  }

  /** Measures a recipe on the test split, beside float32. */
  async test(recipe: Recipe): Promise<void> {
    const { model } = await this.build(recipe);
    await this.baseline("test");
    await this.evaluateGiven("test");
    await this.#evaluate(model, "test", this.#nameOf(recipe));
  }

  /** Measures what a page waits for that opens a recipe's model, to the end: until its time is steady. */
  async startUntilSteady(recipe: Recipe): Promise<void> {
    const { store, machine, coldRounds } = this.#setup;
    const { model } = await this.build(recipe);
    const known = await store.coldStart(await model.hash(), machine);
    if (coldRounds === 0 || known?.steady) return;
    await this.#putColdStart(model, { rounds: Math.max(STEADY_ROUNDS, coldRounds), steady: true });
  }

  /** Where the time of float32 and of a recipe goes, and its plan with times and errors. */
  async profiles(recipe: Recipe): Promise<NonNullable<Study["profiles"]>> {
    const { runtimes, signal } = this.#setup;
    const built = await this.build(recipe);
    const optimized = await runtimes.run.optimized(built.model);
    const executed = built.converted.withPlan(planOf(built, optimized));
    const options = { runtimes, signal };
    const found = await profilesOf(this.#given, built, executed, await this.samples(), options);
    return { key: this.key(recipe), ...found };
  }

  /**
   * What calibration saw, and what the observers of the recipes keep of it: on the form of the network that
   * most of them start from, in the largest number of samples. Undefined where nothing was calibrated.
   */
  async ranges(recipes: readonly Recipe[]): Promise<Study["ranges"]> {
    const calibrated: Recipe[] = [];
    for (const recipe of recipes) if (await this.#isCalibrated(recipe)) calibrated.push(recipe);
    const [most] = [...Map.groupBy(calibrated, ({ base }) => baseName(base)).values()]
      .sort((a, b) => b.length - a.length);
    if (!most) return undefined;
    const base = await this.#setup.forms.get(most[0]!.base);
    const size = Math.max(...most.map((recipe) => this.#sizeOf(recipe)));
    const seen = await this.#calibrations.known(base, size);
    const named = most.flatMap((recipe) => observersOf(mappingOn(recipe, base)));
    const observers = [...new Map(named.map((observer) => [observer.name, observer])).values()];
    return seen && describeRanges(seen, base.graph, observers);
  }

  /** Watches tensors of a form of the network whenever it is calibrated. */
  watch(base: Recipe["base"], tensors: readonly string[]): void {
    this.#watched.set(baseName(base), tensors);
  }

  /** What calibration saw of tensors of a form of the network, and of all others that are watched there. */
  async calibration(base: Recipe["base"], tensors: readonly string[]): Promise<Calibration> {
    const model = await this.#setup.forms.get(base);
    return await this.#calibrate(model, tensors, this.#setup.data.calibration.length);
  }

  /** The samples that latency is measured on. */
  async samples(): Promise<Feeds[]> {
    return [...(await this.#cases())[0]!.samples];
  }

  /** What latency is measured on: the samples, or each of the lengths asked for. */
  async #cases(): Promise<TimingCase[]> {
    const { data: { selection }, runtimes, lengths, signal } = this.#setup;
    const model = this.#given;
    const options = { model, runtime: runtimes.run, count: TIMED_SAMPLES, lengths, signal };
    return await (this.#timed ??= timingCases(selection, options));
  }

  /**
   * Builds and measures a trial, each unless it is in the store. A failure is the trial's result; only an
   * abort, and what is wrong with float32 itself or with the calibration, is thrown.
   */
  async #measure(ask: TrialAsk): Promise<void> {
    const { store, signal, progress } = this.#setup;
    const { recipe } = ask;
    await this.baseline("selection");
    await this.evaluateGiven("selection");
    const started = performance.now();
    const base = await this.#setup.forms.get(recipe.base);
    const problem = this.#problemOf(recipe, base);
    const tensors = problem ? [] : await this.#tensorsOf(recipe);
    if (tensors.length > 0) {
      await this.#calibrate(base, tensors, this.#sizeOf(recipe));
    }
    const end = progress.done + this.#sizes.trial;
    const trial = this.#newTrial(ask, await store.trial(this.key(recipe)));
    const put = async (error?: { error: string }) => {
      const seconds = Math.round(performance.now() - started) / 1000;
      await store.putTrial({ ...trial, seconds, ...error });
    };
    try {
      if (problem) throw problem;
      const built = await this.build(recipe);
      const { model } = built;
      const optimized = await this.#setup.runtimes.run.optimized(model);
      const plan = planOf(built, optimized);
      Object.assign(trial, {
        executes: plan.executes(),
        plan: [...plan.rows],
        bytes: model.bytes().length,
        download: await downloadSizes(model.bytes()),
        nodes: countNodes(model, optimized),
        modelHash: await model.hash(),
      });
      await this.#evaluate(model, "selection", trial.name);
      await put();
      await this.#start(model, trial.name);
      await this.#time(model, trial.name);
      await put();
    } catch (error) {
      if (signal?.aborted) throw error;
      await put({ error: reasonOf(error) });
    } finally {
      progress.reach(end);
    }
  }

  /** What is wrong with a recipe, if anything is: its trial fails with that. */
  #problemOf(recipe: Recipe, base: Model): unknown {
    try {
      requireSense(recipe, base, this.#setup.data.calibration.length);
      prepare(base, mappingOn(recipe, base));
      return undefined;
    } catch (error) {
      return error;
    }
  }

  #newTrial({ recipe, why, predicted }: TrialAsk, stored: StoredTrial | undefined): StoredTrial {
    const isStatic = this.#ranged.has(this.key(recipe));
    return {
      key: this.key(recipe),
      name: stored?.name ?? this.#nameOf(recipe),
      family: recipeFamily(recipe),
      recipe,
      ...(why !== undefined && { why }),
      ...(predicted && { predicted }),
      ...(isStatic && {
        calibration: { series: seriesName(recipe), samples: this.#sizeOf(recipe) },
      }),
      executes: {},
      plan: [],
      seconds: 0,
    };
  }

  /** Keys of the recipes known to need ranges. */
  readonly #ranged = new Set<string>();

  /** Whether ranges have to be found before a recipe can be carried out. */
  async #isCalibrated(recipe: Recipe): Promise<boolean> {
    return (await this.#tensorsOf(recipe).catch(() => [])).length > 0;
  }

  /** Tensors whose ranges a recipe needs. */
  async #tensorsOf(recipe: Recipe): Promise<readonly string[]> {
    const base = await this.#setup.forms.get(recipe.base);
    const { tensors } = prepare(base, mappingOn(recipe, base));
    if (tensors.length > 0) this.#ranged.add(this.key(recipe));
    return tensors;
  }

  /** One pass over the data serves all recipes of the batch that start from the same form. */
  async #calibrate(base: Model, tensors: readonly string[], size: number): Promise<Calibration> {
    const { forms, progress, signal } = this.#setup;
    const known = await this.#calibrations.known(base, size);
    if (known && tensors.every((name) => known.statistics.has(name))) return known;
    const soon: string[] = [];
    const sizes: number[] = [];
    for (const recipe of this.#batch) {
      const own = await this.#tensorsOf(recipe).catch(() => []);
      if (own.length === 0 || await forms.get(recipe.base) !== base) continue;
      sizes.push(this.#sizeOf(recipe));
      soon.push(...own);
    }
    for (const [name, watched] of this.#watched) {
      if (forms.find(name) === base) soon.push(...watched);
    }
    const most = Math.max(size, ...sizes);
    return await this.#calibrations.of(base, tensors, {
      ...{ size, signal, soon: { tensors: soon, sizes } },
      onProgress: progress.begin("calibration", this.#sizes.calibration, most),
    });
  }

  async #evaluateFloat32(split: Split): Promise<Evaluation> {
    const { data, metric, progress, store, runtimes, signal } = this.#setup;
    const { reference: model = this.#given, givenName = "float32" } = this.#setup;
    const dataset = data[split];
    const [step, size] = split === "test"
      ? ["test split", this.#sizes.test / 2] as const
      : ["float32", this.#sizes.float32] as const;
    const onProgress = progress.begin(
      step,
      size,
      dataset.length,
      model === this.#given ? givenName : "float32",
    );
    const options = { signal, onProgress };
    const evaluation = await evaluate(runtimes.run, model, dataset, metric, undefined, options);
    const { value } = evaluation;
    // Closeness to float32 is known of float32 itself, not estimated.
    const own = metric.perfect !== undefined
      ? { ...value, low: value.value, high: value.value }
      : value;
    const stored = accuracyOf({ ...evaluation, value: own }, split);
    await store.putEvaluation(await model.hash(), stored);
    return evaluation;
  }

  async #evaluate(model: Model, split: Split, about: string): Promise<void> {
    const { data, metric, store, signal, progress, runtimes } = this.#setup;
    const hash = await model.hash();
    if (await store.evaluation(hash, split)) return;
    const reference = await this.baseline(split);
    const [step, size] = split === "test"
      ? ["test split", this.#sizes.test / 2] as const
      : ["accuracy", this.#sizes.float32] as const;
    const dataset = data[split];
    const onProgress = progress.begin(step, size, dataset.length, about);
    const options = { signal, onProgress };
    const evaluation = await evaluate(runtimes.run, model, dataset, metric, reference, options);
    await store.putEvaluation(hash, accuracyOf(evaluation, split));
  }

  async #time(model: Model, about: string): Promise<void> {
    const { store, runtimes, machine, signal, progress, rounds, maxRounds } = this.#setup;
    const hash = await model.hash();
    const known = await store.timing(hash, runtimes.time.about.threads, machine);
    if (known && await this.#isTimed(known)) return;
    const { trial, float32 } = this.#sizes;
    const report = progress.begin("latency", trial - float32, 1, about);
    const options = { rounds, maxRounds, signal };
    const cases = await this.#cases();
    const latency = await timeAgainst(this.#given, model, cases, runtimes.time, options);
    await store.putTiming(hash, latency);
    report(1);
  }

  async #start(model: Model, about: string): Promise<void> {
    const { store, machine, progress, coldRounds: rounds } = this.#setup;
    if (rounds === 0 || await store.coldStart(await model.hash(), machine)) return;
    const report = progress.begin("cold start", 0, 1, about);
    await this.#putColdStart(model, { rounds });
    report(1);
  }

  async #putColdStart(model: Model, options: ColdStartOptions): Promise<void> {
    const { store, runtimes, machine, signal } = this.#setup;
    const [sample] = await this.samples();
    const all = { ...options, signal };
    const record = await measureColdStart(runtimes.run, this.#given, model, sample!, all);
    if (record) await store.putColdStart(await model.hash(), machine, record);
  }

  async #result(recipe: Recipe): Promise<Trial | undefined> {
    const { store, runtimes, machine } = this.#setup;
    return await store.result(this.key(recipe), runtimes.time.about.threads, machine);
  }

  #nameOf(recipe: Recipe): string {
    return (this.#setup.nameOf ?? recipeName)(recipe);
  }

  /** Number of samples that the ranges of a recipe come from. */
  #sizeOf({ samples }: Recipe): number {
    return samples ?? this.#setup.data.calibration.length;
  }

  get #context(): BuildContext {
    const { forms, data, runtimes, signal } = this.#setup;
    return {
      ...{ forms, data: data.calibration, runtime: runtimes.run, signal },
      calibration: (base, tensors, size) => this.#calibrate(base, tensors, size),
    };
  }

  /** Size of each step in runs of the network. */
  get #sizes(): { float32: number; calibration: number; trial: number; test: number } {
    const { data, rounds, runtimes: { run: { about: { workers } } } } = this.#setup;
    const accuracy = data.selection.length / workers;
    return {
      float32: accuracy,
      calibration: data.calibration.length / workers,
      trial: accuracy + WARMUP_RUNS + 2 * rounds,
      test: 2 * data.test.length / workers,
    };
  }
}

/** The plan with what the runtime executes, where that can be read. */
function planOf({ converted }: Built, optimized: Model | undefined): Plan {
  return optimized ? readPlan(converted, optimized) : converted.plan;
}

/** An evaluation as it is stored. Float32 is compared with itself, which leaves nothing to estimate. */
function accuracyOf(evaluation: Evaluation, split: Split): StoredEvaluation {
  const { value, scores, results, outputs = results && { sqnr: null, cosine: 1 } } = evaluation;
  const difference = evaluation.difference ?? { value: 0, low: 0, high: 0, n: value.n };
  return { accuracy: { split, value, difference }, ...(outputs && { outputs }), scores };
}
