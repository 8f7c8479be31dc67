import type { Dataset } from "../data/dataset.ts";
import type { Splits } from "../data/split.ts";
import { UserError } from "../errors.ts";
import { defaultMaxDrop } from "../evaluate/default_budget.ts";
import { defaultMetric } from "../evaluate/default_metric.ts";
import { infoOf, type Metric } from "../evaluate/metric.ts";
import { valueTypes } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import { ExactForms } from "../passes/exact_form.ts";
import { nodeIdentities } from "../quantize/decide.ts";
import { type Budget, drop } from "../record/budget.ts";
import type { OnStep } from "../record/event.ts";
import type { Recipe } from "../record/recipe.ts";
import { recipeName } from "../record/recipe_name.ts";
import type { Study } from "../record/study_record.ts";
import { machineFingerprint, runtimeVersions } from "../runtime/open_runtime.ts";
import { describeStudy, identityOf } from "../study/identity.ts";
import { openStudy } from "../study/open_study.ts";
import { StudyProgress } from "../study/progress.ts";
import { gitRevision, OCTAVO_VERSION } from "../study/provenance.ts";
import { Runtimes } from "../study/runtimes.ts";
import { TrialExperiment } from "../study/trial_experiment.ts";
import { Deadline, requireTime } from "./deadline.ts";
import { StudyLedger } from "./study_ledger.ts";
import type { StudyOptions } from "./study_options.ts";
import type { StudyContext } from "./study_strategy.ts";

/** All that a study works with, from when it is opened until it ends. */
export class OpenWork implements AsyncDisposable {
  readonly ledger: StudyLedger;
  readonly deadline: Deadline;
  readonly context: StudyContext;

  private constructor(context: StudyContext, ledger: StudyLedger, deadline: Deadline) {
    this.context = context;
    this.ledger = ledger;
    this.deadline = deadline;
  }

  static async open(
    model: Model,
    data: Splits,
    options: StudyOptions,
    onStep: OnStep,
  ): Promise<OpenWork> {
    const { out, fresh, store: own, rounds = 15, maxRounds = 2 * rounds, signal } = options;
    const { minutes, metricSource } = options;
    if (minutes !== undefined && !(minutes > 0)) {
      throw new UserError(`Cannot run a study for ${minutes} minutes: give more than 0`);
    }
    const started = performance.now();
    const labelled = isLabelled(data.selection);
    const metric = options.metric ?? defaultMetric(valueTypes(model.graph).outputs, labelled);
    const splits = ["calibration", "selection", "test"] as const;
    const identity = await identityOf(model, data, splits, metric, metricSource);
    const forms = new ExactForms(model, await data.calibration.sample(0));
    const nodes = nodeIdentities((await forms.get("fused")).graph);
    const store = await openStudy(identity, { folder: out, fresh, store: own });
    const runtimes = new Runtimes(options);
    const machine = machineFingerprint();
    const names = new TrialNames();
    const experiment = new TrialExperiment({
      ...{ forms, data, metric, store, runtimes, machine, rounds, maxRounds, signal },
      progress: new StudyProgress(onStep),
      nameOf: (recipe) => names.of(recipe),
    });
    // Where there is a limit, what float32 does has to be known first.
    const first = minutes !== undefined || options.atLeast !== undefined
      ? await experiment.baseline("selection")
      : undefined;
    const floatSeconds = (performance.now() - started) / 1000;
    const testShare = data.test.length / data.selection.length;
    const deadline = new Deadline({ minutes, started, floatSeconds, testShare });
    if (minutes !== undefined && !await store.header()) {
      requireTime(minutes, floatSeconds, deadline.msLeft());
    }
    const budget = budgetOf(options, metric, first?.value.value);
    const ledger = new StudyLedger({
      ...{ store, experiment, machine, onStep, options },
      threads: runtimes.time.about.threads,
      start: {
        schema: 1,
        title: options.title ?? model.name.replace(/\.onnx$/, ""),
        ...describeStudy(model, data, identity, labelled),
        ...budget,
        provenance: await provenanceOf(data, budget, runtimes, machine, options),
      },
    });
    names.count = () => ledger.trials.length;
    const stop = signal ? AbortSignal.any([signal, deadline.signal]) : deadline.signal;
    const context: StudyContext = {
      ...{ model, data, metric, budget, nodes, forms, experiment, runtimes, store, onStep },
      ...{ signal: stop, floatSeconds, msLeft: () => deadline.msLeft() },
    };
    return new OpenWork(context, ledger, deadline);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.deadline[Symbol.dispose]();
    await this.context.runtimes[Symbol.asyncDispose]();
    await this.context.store[Symbol.asyncDispose]();
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
  machine: string,
  options: StudyOptions,
): Promise<Study["provenance"]> {
  const { workers } = runtimes.run.about;
  const { threads } = runtimes.time.about;
  const { minutes, objective, rounds = 15, maxRounds = 2 * rounds } = options;
  const config = {
    ...options.config,
    ...{ maxDrop, minutes, objective, rounds, maxRounds },
    calibration: data.calibration.length,
    selection: data.selection.length,
    test: data.test.length,
    ...{ seed: data.seed, workers, threads },
  };
  const revision = await gitRevision();
  return {
    command: options.command ?? "runStudy()",
    config: JSON.parse(JSON.stringify(config)), // JSON knows no undefined
    versions: { octavo: OCTAVO_VERSION, ...runtimeVersions() },
    machine,
    ...(revision !== undefined && { revision }),
    ...{ workers, threads, reused: 0 },
  };
}

/** Largest accepted drop, from whichever way it was given. */
function budgetOf(
  { maxDrop, atLeast }: StudyOptions,
  metric: Metric,
  float32: number | undefined,
): Budget {
  const info = infoOf(metric);
  const { name, unit } = info;
  if (atLeast === undefined || float32 === undefined) {
    const asked = maxDrop ?? defaultMaxDrop(metric);
    if (asked >= 0) return { metric: info, maxDrop: asked };
    throw new UserError(`Cannot search with a negative --max-drop (${asked}): give 0 or more`);
  }
  const allowed = drop(metric, { value: atLeast - float32 });
  if (allowed >= 0) return { metric: info, maxDrop: allowed };
  const spaced = unit && ` ${unit}`;
  throw new UserError(
    `Cannot search for ${name} of at least ${atLeast}${spaced}: float32 itself has ` +
      `${
        Number(float32.toPrecision(5))
      }${spaced} on the selection split; ask for less, or bring a ` +
      `better network`,
  );
}

/** Whether there are samples with a label. */
function isLabelled({ labels }: Dataset): boolean {
  return labels?.some((label) => label >= 0) ?? false;
}
