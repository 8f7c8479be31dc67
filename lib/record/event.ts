import type { MetricInfo } from "./metric_info.ts";
import type { Study } from "./study_record.ts";
import type { Trial } from "./trial_record.ts";

/**
 * What can be going on while a study runs.
 * @category Studies (advanced)
 */
export type Step =
  | "reading the network"
  | "float32"
  | "calibration"
  | "accuracy"
  | "latency"
  | "cold start"
  | "timing kernels"
  | "noise of layers"
  | "effects of layers"
  | "errors of tensors"
  | "timing layers"
  | "test split"
  | "profile"
  | "ranges"
  | "files";

/**
 * How far something is that takes its time. The last one stands for all before it.
 * @category Studies (advanced)
 */
export interface StepEvent {
  /** Tells it from the other events. */
  readonly kind: "step";
  /** What is being done. */
  readonly step: Step;
  /** Parts done, of {@linkcode StepEvent.of}. */
  readonly done: number;
  /** Parts in all. */
  readonly of: number;
  /** What it is done for, e.g. the name of a trial. */
  readonly about?: string;
  /** Share of all the work of this run that is done, 0..1, where that is known. */
  readonly all?: number;
}

/**
 * Is told how far something is.
 * @category Studies (advanced)
 */
export type OnStep = (event: Omit<StepEvent, "kind">) => void;

/**
 * A study begins: what it is judged by, and what is known before anything is measured.
 * @category Studies (advanced)
 */
export interface BeginEvent {
  /** Tells it from the other events. */
  readonly kind: "begin";
  /** Of the study, for its report. */
  readonly title: string;
  /** What accuracy is measured by. */
  readonly metric: MetricInfo;
  /** Largest accepted drop of the metric, in its unit. */
  readonly maxDrop: number;
  /** Names of all trials to come, in order; absent where the strategy finds them as it goes. */
  readonly planned?: readonly string[];
  /** How many trials an earlier run left. */
  readonly reused: number;
  /** Points that give the same model as a planned one, and so are no trials. */
  readonly collapsed?: readonly { readonly name: string; readonly sameAs: string }[];
  /** Most minutes it may take, if there is a limit. */
  readonly minutes?: number;
  /** What is to be known before it starts, in sentences. */
  readonly notes: readonly string[];
}

/**
 * A trial was measured, or failed.
 * @category Studies (advanced)
 */
export interface TrialEvent {
  /** Tells it from the other events. */
  readonly kind: "trial";
  /** As it was measured, or why it failed. */
  readonly trial: Trial;
  /** From 1, in the order of measuring. */
  readonly number: number;
  /** Trials in all, where that is known. */
  readonly of?: number;
  /** Whether it was taken from an earlier run. */
  readonly reused: boolean;
  /** Float32 on the selection split. */
  readonly baseline: Study["baseline"];
  /** The winner so far, if there is one. */
  readonly best?: Trial;
}

/**
 * A study is over.
 * @category Studies (advanced)
 */
export interface EndEvent {
  /** Tells it from the other events. */
  readonly kind: "end";
  /** As it was written. */
  readonly study: Study;
}

/**
 * What a study tells, in order: one stream for a terminal, a notebook or a page.
 *
 * @example A line for each
 * ```ts
 * import type { StudyEvent } from "octavo";
 * import assert from "node:assert/strict";
 * const line = (event: StudyEvent) =>
 *   event.kind === "trial"
 *     ? `${event.number}: ${event.trial.name}`
 *     : event.kind === "step"
 *     ? `${event.step}: ${event.done} of ${event.of}`
 *     : event.kind;
 * assert.equal(line({ kind: "step", step: "accuracy", done: 3, of: 8 }), "accuracy: 3 of 8");
 * ```
 * @category Studies
 */
export type StudyEvent = BeginEvent | StepEvent | TrialEvent | EndEvent;
