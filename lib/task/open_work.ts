import type { Splits } from "../data/split.ts";
import { UserError } from "../errors.ts";
import { defaultMaxDrop } from "../evaluate/default_budget.ts";
import { downloadSizes } from "../evaluate/download_sizes.ts";
import { labelledCount } from "../evaluate/labels_of.ts";
import { requireLimits } from "../evaluate/limits.ts";
import { infoOf, type Metric } from "../evaluate/metric.ts";
import { metricFor } from "../evaluate/metric_for.ts";
import type { Model } from "../onnx/model.ts";
import { ExactForms } from "../passes/exact_form.ts";
import { nodeIdentities } from "../quantize/decide.ts";
import { baselineWords, type GivenRecord } from "../record/given_record.ts";
import { finiteRatios, loadRatios } from "../record/load_ratios.ts";
import { isObjective, OBJECTIVES } from "../record/objective.ts";
import { allowedDrop, type Budget } from "../record/budget.ts";
import type { OnStep } from "../record/event.ts";
import type { NodeCounts } from "../record/node_counts.ts";
import type { Recipe } from "../record/recipe.ts";
import { runtimeName } from "../record/runtime_name.ts";
import { recipeName } from "../record/recipe_name.ts";
import type { Study } from "../record/study_record.ts";
import { countNodes } from "../runtime/count_nodes.ts";
import type { Runtime, RuntimeEnvironment } from "../runtime/runtime.ts";
import { describeStudy, identityOf } from "../study/identity.ts";
import { openStudy } from "../study/open_study.ts";
import { StudyProgress } from "../study/progress.ts";
import { gitRevision, OCTAVO_VERSION } from "../study/provenance.ts";
import { Runtimes } from "../study/runtimes.ts";
import type { StudyStore } from "../study/study_store.ts";
import { TrialExperiment } from "../study/trial_experiment.ts";
import { Deadline, requireTime } from "./deadline.ts";
import { StudyLedger } from "./study_ledger.ts";
import { studyNetwork } from "./study_network.ts";
import { fileBudget, fileBudgetNote } from "./file_budget.ts";
import type { StudyOptions } from "./study_options.ts";
import type { WorkContext } from "./study_strategy.ts";

/** All that a study works with, from when it is opened until it ends. */
export class OpenWork implements AsyncDisposable {
  readonly ledger: StudyLedger;
  readonly deadline: Deadline;
  readonly context: WorkContext;

  readonly #open: AsyncDisposableStack;

  private constructor(
    context: WorkContext,
    ledger: StudyLedger,
    deadline: Deadline,
    open: AsyncDisposableStack,
  ) {
    this.context = context;
    this.ledger = ledger;
    this.deadline = deadline;
    this.#open = open;
  }

  /** Opens where the study is kept, and measures float32 where a limit depends on it. */
  static async open(
    model: Model,
    data: Splits,
    options: StudyOptions,
    onStep: OnStep,
  ): Promise<OpenWork> {
    requireOptions(options);
    const started = performance.now();
    await using open = new AsyncDisposableStack();
    const { out, fresh, rounds = 15, maxRounds = 2 * rounds, coldRounds = 3, signal } = options;
    const ratios = loadRatios(options);
    const subject = await studyNetwork(model, options.reference);
    const { reference, given } = subject;
    const words = baselineWords({ given });
    const runtimes = open.use(new Runtimes(options));
    const runtime = runtimes.run;
    const metric = await metricFor(model, data.selection, {
      metric: options.metric,
      runtime,
      signal,
    });
    requireLimits(infoOf(metric), options);
    const environment = await runtime.environment();
    const { machine } = environment;
    const source = options.metricSource;
    const identity = await identityOf(model, data, SPLITS, metric, runtime, source, reference);
    const learning = { runtime, signal };
    const forms = new ExactForms(subject.network, await data.calibration.sample(0), learning);
    const nodes = nodeIdentities((await forms.get("fused")).graph);
    const store = open.use(await openStudy(identity, { folder: out, fresh, store: options.store }));
    const names = new TrialNames();
    const experiment = new TrialExperiment({
      ...{ forms, given: model, reference, givenName: words.model },
      ...{ data, metric, store, runtimes, machine, rounds, maxRounds, coldRounds, signal },
      lengths: options.atLengths,
      progress: new StudyProgress(onStep),
      nameOf: (recipe) => names.of(recipe),
    });
    const { float32, seconds: floatSeconds } = await measureFloat32(experiment, options, started);
    const deadline = open.use(
      await deadlineOf(data, options, store, started, {
        ...{ floatSeconds, baseline: words.outputs },
      }),
    );
    const { notes, ...budget } = await budgetOf(options, metric, float32, given, experiment);
    const described = describeStudy(model, data, identity, labelledCount(data.selection) > 0);
    const ledger = new StudyLedger({
      ...{ store, experiment, machine, onStep, options },
      isLate: () => deadline.isSpent,
      threads: runtimes.time.about.threads,
      start: {
        schema: 1,
        title: options.title ?? model.name.replace(/\.onnx$/, ""),
        ...described,
        model: { ...described.model, ...await sizesOf(model, runtime, store) },
        ...(given && { given }),
        ...budget,
        ...finiteRatios(ratios),
        provenance: await provenanceOf(data, budget, runtimes, environment, options),
      },
    });
    names.count = () => ledger.trials.length;
    const context: WorkContext = {
      ...{ model, data, metric, budget, ...ratios, nodes },
      subject: { ...subject, notes: [...subject.notes, ...notes] },
      ...{ forms, experiment, runtimes, store, onStep },
      signal: signal ? AbortSignal.any([signal, deadline.signal]) : deadline.signal,
      ...{ floatSeconds, msLeft: () => deadline.msLeft() },
    };
    return new OpenWork(context, ledger, deadline, open.move());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#open[Symbol.asyncDispose]();
  }
}

/** What a server sends of the model as given, and its nodes. */
async function sizesOf(
  model: Model,
  runtime: Runtime,
  store: StudyStore,
): Promise<Pick<Study["model"], "download" | "nodeCounts">> {
  return {
    download: await downloadSizes(model.bytes()),
    nodeCounts: await nodesOf(model, runtime, store),
  };
}

/** Nodes of the model as given: those that an earlier run counted, if there was one. */
async function nodesOf(model: Model, runtime: Runtime, store: StudyStore): Promise<NodeCounts> {
  const earlier = await store.header();
  return earlier?.model.nodeCounts ?? countNodes(model, await runtime.optimized(model));
}

/** Splits that decide which study it is. */
const SPLITS = ["calibration", "selection", "test"] as const;

function requireOptions(options: StudyOptions): void {
  const { minutes, objective, rounds, workers, threads, coldRounds } = options;
  const refuse = (what: string): never => {
    throw new UserError(`Cannot run a study ${what}`);
  };
  if (minutes !== undefined && !(minutes > 0)) refuse(`for ${minutes} minutes: give more than 0`);
  if (objective !== undefined && !isObjective(objective)) {
    refuse(`for the objective "${objective}": it is one of ${OBJECTIVES.join(", ")}`);
  }
  for (const [name, most] of Object.entries(loadRatios(options))) {
    if (!(most > 0)) refuse(`with ${name}: ${most}: give more than 0`);
  }
  const isCount = Number.isInteger(coldRounds) && coldRounds! >= 0 && coldRounds! <= 100;
  if (coldRounds !== undefined && !isCount) {
    refuse(`with coldRounds: ${coldRounds}: give a whole number from 0 to 100`);
  }
  const wrong = options.atLengths?.find((length) => !(Number.isInteger(length) && length > 0));
  if (wrong !== undefined) refuse(`at length ${wrong}: give whole numbers from 1`);
  for (const [name, value] of Object.entries({ rounds, workers, threads })) {
    if (value === undefined || Number.isInteger(value) && value >= 1) continue;
    refuse(`with ${name}: ${value}: give a whole number from 1`);
  }
}

/** What float32 does, which has to be known first where there is a limit. */
async function measureFloat32(
  experiment: TrialExperiment,
  { minutes, atLeast }: StudyOptions,
  started: number,
): Promise<{ float32: number | undefined; seconds: number }> {
  const isLimited = minutes !== undefined || atLeast !== undefined;
  const first = isLimited ? await experiment.baseline("selection") : undefined;
  return { float32: first?.value.value, seconds: (performance.now() - started) / 1000 };
}

/** @throws {UserError} If a new study has no time for anything. */
async function deadlineOf(
  data: Splits,
  { minutes }: StudyOptions,
  store: StudyStore,
  started: number,
  { floatSeconds, baseline }: { readonly floatSeconds: number; readonly baseline: string },
): Promise<Deadline> {
  const testShare = data.test.length / data.selection.length;
  const deadline = new Deadline({ minutes, started, floatSeconds, testShare });
  if (minutes === undefined || await store.header()) return deadline;
  try {
    requireTime(minutes, floatSeconds, deadline.msLeft(), baseline);
    return deadline;
  } catch (error) {
    deadline[Symbol.dispose]();
    throw error;
  }
}

/** Names trials; of those that a search makes as it goes, by their number too. */
class TrialNames {
  /** Number of trials so far. */
  count: () => number = () => 0;

  of(recipe: Recipe): string {
    const name = recipeName(recipe);
    return recipe.kind === "assignment" ? `${name} (trial ${this.count() + 1})` : name;
  }
}

/** What decided the numbers, for the record. */
async function provenanceOf(
  data: Splits,
  { maxDrop }: Budget,
  runtimes: Runtimes,
  environment: RuntimeEnvironment,
  options: StudyOptions,
): Promise<Study["provenance"]> {
  const { workers } = runtimes.run.about;
  const { threads } = runtimes.time.about;
  const { minutes, objective, rounds = 15, maxRounds = 2 * rounds, coldRounds = 3 } = options;
  const config = {
    ...options.config,
    ...{
      maxDrop,
      ...finiteRatios(loadRatios(options)),
      minutes,
      objective,
      rounds,
      maxRounds,
      coldRounds,
      atLengths: options.atLengths,
    },
    calibration: data.calibration.length,
    selection: data.selection.length,
    test: data.test.length,
    ...{ seed: data.seed, workers, threads },
  };
  const revision = await gitRevision();
  return {
    command: options.command ?? "runStudy()",
    config: JSON.parse(JSON.stringify(config)), // JSON knows no undefined
    versions: { octavo: OCTAVO_VERSION, ...environment.versions },
    machine: environment.machine,
    runtime: runtimeName(environment),
    ...(revision !== undefined && { revision }),
    ...{ workers, threads, reused: 0 },
  };
}

/** Largest accepted drop, from whichever way it was given. */
async function budgetOf(
  { maxDrop, atLeast }: StudyOptions,
  metric: Metric,
  float32: number | undefined,
  given: GivenRecord | undefined,
  experiment: TrialExperiment,
): Promise<Budget & { readonly notes: readonly string[] }> {
  const info = infoOf(metric);
  const { name, unit } = info;
  if (atLeast === undefined || float32 === undefined) {
    if (maxDrop !== undefined) return { metric: info, maxDrop, notes: [] };
    const usual = defaultMaxDrop(metric);
    const file = await experiment.evaluateGiven("selection");
    const budget = { metric: info, maxDrop: fileBudget(info, usual, file?.accuracy) };
    const isFiles = budget.maxDrop > usual;
    return { ...budget, notes: isFiles ? [fileBudgetNote(budget, given!.reference!.name)] : [] };
  }
  const allowed = allowedDrop(metric, atLeast, float32);
  if (allowed >= 0) return { metric: info, maxDrop: allowed, notes: [] };
  const spaced = unit && ` ${unit}`;
  throw new UserError(
    `Cannot search for ${name} of at least ${atLeast}${spaced}: ${
      baselineWords({ given }).outputs
    } itself has ` +
      `${
        Number(float32.toPrecision(5))
      }${spaced} on the selection split; ask for less, or bring a ` +
      `better network`,
  );
}
