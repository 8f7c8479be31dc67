import type { Estimate } from "../record/metric_info.ts";
import type { Study } from "../record/study_record.ts";
import { type Accuracy, isMeasured, type Latency, type Trial } from "../record/trial_record.ts";
import { drop, isWithinBudget } from "../record/budget.ts";

/** A trial as the report shows it: with its number, and measured or failed. */
export interface Entry {
  /** 1, 2, ... in the order of the trial table; the same in every chart. */
  readonly number: number;
  readonly trial: Trial;
}

/** An entry whose trial ran to its end. */
export interface MeasuredEntry extends Entry {
  readonly accuracy: Accuracy;
  readonly latency: Latency;
  readonly bytes: number;
  /** What float32 has more, in the metric's unit and whichever way it counts: above 0 is a loss. */
  readonly drop: number;
  readonly isWithinBudget: boolean;
}

/** The trials of a study in the order of its report. */
export interface Entries {
  /** Fastest first. */
  readonly measured: readonly MeasuredEntry[];
  /** By name, numbered after the measured ones. */
  readonly failed: readonly Entry[];
  /** The chosen trial, where it is among the measured ones. */
  readonly winner?: MeasuredEntry;
}

/**
 * Orders and numbers the trials of a study. The order depends on what was measured only, not on which
 * worker finished first, so that a report of the same results has the same bytes.
 */
export function entriesOf(study: Study): Entries {
  const measured = study.trials.filter(isMeasured)
    .toSorted((a, b) => a.latency.ratio.value - b.latency.ratio.value || byName(a, b))
    .map((trial, i): MeasuredEntry => ({
      number: i + 1,
      trial,
      accuracy: trial.accuracy,
      latency: trial.latency,
      bytes: trial.bytes,
      drop: dropOf(study, trial.accuracy.difference),
      isWithinBudget: isWithinBudget(study, trial),
    }));
  const failed = study.trials.filter((trial) => !isMeasured(trial)).toSorted(byName)
    .map((trial, i): Entry => ({ number: measured.length + i + 1, trial }));
  const winner = measured.find(({ trial }) => trial.key === study.winner?.key);
  return { measured, failed, winner };
}

/** What float32 has more than the candidate, in the metric's unit: above 0 is a loss. */
export function dropOf(study: Study, difference: Pick<Estimate, "value">): number {
  return drop(study.metric, difference) + 0; // + 0 turns -0 into 0
}

/** Why a trial has no result; trials that broke off without a reason say so. */
export function failureOf(trial: Trial): string {
  return trial.error ?? "Not measured to the end: the study was stopped first.";
}

function byName(a: Trial, b: Trial): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}
