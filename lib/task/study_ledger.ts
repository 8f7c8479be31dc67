import { relative } from "node:path";
import { UserError } from "../errors.ts";
import { median } from "../tensor/quantile.ts";
import { isSameMachine } from "../record/runtime_name.ts";
import { bestTrial, type Contest, trialFront, whyBest } from "../record/best.ts";
import type { BeginEvent, OnStep, TrialEvent } from "../record/event.ts";
import type { Recipe } from "../record/recipe.ts";
import { recipeName } from "../record/recipe_name.ts";
import type { Study } from "../record/study_record.ts";
import type { Trial } from "../record/trial_record.ts";
import { STUDY_JSON, writeModels, writeStudyJson } from "../study/files.ts";
import { isOver, type StudyHeader, type StudyStore } from "../study/study_store.ts";
import type { TrialAsk } from "../study/trial_ask.ts";
import type { TrialExperiment } from "../study/trial_experiment.ts";
import type { StudyOptions } from "./study_options.ts";
import type { StudyStrategy } from "./study_strategy.ts";

/** What of a study's header is known from the start. */
export type HeaderStart = Pick<
  StudyHeader,
  | "schema"
  | "title"
  | "model"
  | "given"
  | "data"
  | "metric"
  | "maxDrop"
  | "maxCreate"
  | "maxHeap"
  | "provenance"
>;

/** What a ledger is kept with. */
export interface LedgerFields {
  readonly start: HeaderStart;
  readonly store: StudyStore;
  readonly experiment: TrialExperiment;
  readonly machine: string;
  readonly threads: number;
  readonly onStep: OnStep;
  /** Whether there is no time left for what can be done without. @default {there always is} */
  readonly isLate?: () => boolean;
  readonly options: Pick<StudyOptions, "out" | "objective" | "report" | "signal">;
}

/** Keeps a study's record up to date while it runs: trials, the winner so far, and at the end the files. */
export class StudyLedger {
  readonly #fields: LedgerFields;
  readonly #trials: Trial[] = [];
  /** What is to be known of the study, in sentences. */
  readonly notes: string[] = [];
  #planned: readonly string[] | undefined;
  #earlier: StudyHeader | undefined;
  #changes: Partial<StudyHeader> = {};

  constructor(fields: LedgerFields) {
    this.#fields = fields;
  }

  /** Trials that were measured or failed, in the order in which they came. */
  get trials(): readonly Trial[] {
    return this.#trials;
  }

  /** The winner so far. */
  get best(): Trial | undefined {
    return bestTrial(this.#contest, this.#trials, this.#fields.options.objective);
  }

  /** Takes up what an earlier run left, and says what is to come. */
  async begin(strategy: StudyStrategy, minutes: number | undefined): Promise<BeginEvent> {
    const { start, store, experiment } = this.#fields;
    const { planned, collapsed } = strategy;
    this.notes.push(...strategy.notes ?? []);
    this.#earlier = await store.header();
    this.#changes = {
      ...(collapsed && { collapsed: [...collapsed] }),
      ...(this.notes.length > 0 && { notes: [...this.notes] }),
    };
    let reused = 0;
    if (planned) {
      const open: Recipe[] = [];
      for (const recipe of planned) {
        if (await experiment.known({ recipe })) reused++;
        else open.push(recipe);
      }
      this.#planned = planned.map((recipe) => experiment.key(recipe));
      await experiment.announce(open);
    } else {
      this.#trials.push(...await this.#earlierTrials());
      reused = this.#trials.length;
    }
    start.provenance.reused = reused;
    const { title, metric, maxDrop } = start;
    return {
      ...{ kind: "begin", title, metric, maxDrop, reused, notes: [...this.notes] },
      ...(planned && { planned: planned.map(recipeName) }),
      ...(collapsed && { collapsed }),
      ...(minutes !== undefined && { minutes }),
    };
  }

  /** Notes a trial. */
  async add(_: TrialAsk, trial: Trial, reused: boolean): Promise<TrialEvent> {
    const known = this.#trials.findIndex(({ key }) => key === trial.key);
    if (known < 0) this.#trials.push(trial);
    else this.#trials[known] = trial;
    const place = this.#planned?.indexOf(trial.key) ??
      (known < 0 ? this.#trials.length - 1 : known);
    const baseline = (await this.#update())!;
    const best = this.best;
    return {
      ...{ kind: "trial", trial, number: place + 1, reused, baseline },
      ...(this.#planned && { of: this.#planned.length }),
      ...(best && { best }),
    };
  }

  /** Chooses, tests and explains the winner, and writes the files. */
  async end(strategy: StudyStrategy, ended: string | undefined): Promise<Study> {
    const { store, options: { signal, out } } = this.#fields;
    if (this.#trials.length === 0) {
      const { name } = this.#fields.start.model;
      throw signal?.reason ??
        new UserError(`Nothing was measured on ${name}: the strategy asked for no trial`);
    }
    const winner = this.best;
    try {
      if (winner && !signal?.aborted) await this.#finish(winner);
    } catch (error) {
      if (!signal?.aborted) throw error;
    }
    const tested = winner && await store.evaluation(winner.modelHash!, "test");
    const front = trialFront(this.#contest, this.#trials).map(({ key }) => key);
    const ending = {
      front,
      notes: this.#allNotes(strategy),
      ...(winner && { winner }),
      ...(ended && { ended }),
    };
    Object.assign(this.#changes, await strategy.record?.(ending), {
      winner: winner && {
        key: winner.key,
        reason: this.#why(),
        ...(tested && { accuracy: tested.accuracy }),
      },
    });
    await this.#update();
    if (out !== undefined) await this.#write(out);
    return (await store.study())!;
  }

  /** What is known of a winner alone: accuracy on the test split, where its time goes. */
  async #finish(winner: Trial): Promise<void> {
    const { store, experiment, onStep } = this.#fields;
    onStep({ step: "ranges", done: 0, of: 1 });
    const spread = this.#trials.map(({ recipe }) => recipe)
      .filter(({ kind }) => kind !== "assignment");
    const ranges = await experiment.ranges(spread);
    if (ranges) this.#changes.ranges = ranges;
    if (!await store.evaluation(winner.modelHash!, "test")) await experiment.test(winner.recipe);
    const known = this.#earlierProfiles(winner);
    if (!known && this.#fields.isLate?.()) {
      this.notes.push(
        "The time was up before it was looked at where the time goes: see `profile`.",
      );
      return;
    }
    onStep({ step: "cold start", done: 0, of: 1, about: winner.name });
    await experiment.startUntilSteady(winner.recipe);
    onStep({ step: "profile", done: 0, of: 1, about: winner.name });
    this.#changes.profiles = known ?? await this.#profiles(winner);
  }

  /** Those of an earlier run, where they are of this winner, this machine and these threads. */
  #earlierProfiles({ key }: Trial): Study["profiles"] {
    const { threads, machine } = this.#fields;
    const known = this.#earlier?.profiles;
    if (known?.key !== key || known.after.threads !== threads) return undefined;
    return isSameMachine(known.after.machine, machine) ? known : undefined;
  }

  /** Where the time goes. What the runtime cannot tell of it costs no more than that part of the report. */
  async #profiles({ recipe, name }: Trial): Promise<Study["profiles"]> {
    try {
      return await this.#fields.experiment.profiles(recipe);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.notes.push(`where the time of ${name} goes could not be told: ${error.message}`);
      return undefined;
    }
  }

  /** What was known at the beginning, what a strategy found since, and what went wrong. */
  #allNotes({ notes = [] }: StudyStrategy): string[] {
    return [...new Set([...notes, ...this.notes])];
  }

  get #contest(): Contest {
    return this.#fields.start;
  }

  #why(): string {
    return whyBest(this.#contest, this.#trials, this.#fields.options.objective);
  }

  async #write(folder: string): Promise<void> {
    const { store, experiment, options, onStep } = this.#fields;
    onStep({ step: "files", done: 0, of: 1 });
    const makeModel = async (key: string) => {
      const { recipe } = this.#trials.find((trial) => trial.key === key)!;
      return (await experiment.build(recipe)).model;
    };
    const before = this.#earlier?.files ?? {};
    const models = await writeModels((await store.study())!, folder, makeModel, before);
    const files: Record<string, string> = { ...models, [STUDY_JSON]: "" };
    await this.#update({ files });
    const study = (await store.study())!;
    await writeStudyJson(study, folder);
    for (const path of await options.report?.(study, folder) ?? []) {
      files[relative(folder, path)] = "";
    }
    await this.#update({ files });
  }

  /** Brings the header up to date; undefined as long as float32 has not been measured. */
  async #update(more: Partial<StudyHeader> = {}): Promise<Study["baseline"] | undefined> {
    const { start, store } = this.#fields;
    const baseline = await this.#baseline();
    if (!baseline) return undefined;
    Object.assign(this.#changes, more);
    const given = await this.#given();
    await store.putHeader({
      ...start,
      ...(given && { given }),
      baseline,
      grid: [...this.#planned ?? this.#trials.map(({ key }) => key)],
      files: this.#earlier?.files ?? {},
      ...this.#changes,
    });
    return baseline;
  }

  /** Float32 as far as it has been measured. Its time is the median over all measurements. */
  async #baseline(): Promise<Study["baseline"] | undefined> {
    const { store, start: { model, given } } = this.#fields;
    const { hash } = given?.reference ?? model;
    const selection = await store.evaluation(hash, "selection");
    if (!selection) return undefined;
    const test = await store.evaluation(hash, "test");
    const times = this.#trials.flatMap(({ latency }) => latency ? [latency.baselineMs] : []);
    return {
      selection: selection.accuracy.value,
      ...(test && { test: test.accuracy.value }),
      latencyMs: times.length > 0 ? median(times) : 0,
    };
  }

  /** The file that was given, and how far it is from the network that accuracy is against. */
  async #given(): Promise<Study["given"]> {
    const { store, start: { model, given } } = this.#fields;
    if (!given?.reference) return given;
    const selection = await store.evaluation(model.hash, "selection");
    const test = await store.evaluation(model.hash, "test");
    return {
      ...given,
      ...(selection && {
        accuracy: {
          selection: selection.accuracy,
          ...(test && { test: test.accuracy }),
        },
        ...(selection.outputs && { outputs: selection.outputs }),
      }),
    };
  }

  async #earlierTrials(): Promise<Trial[]> {
    const { store, threads, machine } = this.#fields;
    const trials: Trial[] = [];
    for (const key of this.#earlier?.grid ?? []) {
      const trial = await store.result(key, threads, machine);
      if (trial && isOver(trial)) trials.push(trial);
    }
    return trials;
  }
}
