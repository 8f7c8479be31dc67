import { type Budget, describeLimit, drop, isWithinBudget } from "./budget.ts";
import type { Trial } from "./trial_record.ts";

/** What the best trial is the best in: time, or size of the file. */
export type Objective = "latency" | "size";

/** A trial that was measured to its end. */
export type MeasuredTrial = Trial & Required<Pick<Trial, "accuracy" | "latency" | "bytes">>;

/** Whether everything of a trial has been measured. */
export function isMeasured(trial: Trial): trial is MeasuredTrial {
  const { error, accuracy, latency, bytes } = trial;
  return error === undefined && accuracy !== undefined && latency !== undefined &&
    bytes !== undefined;
}

/** Whether a trial is faster than float32 beyond doubt: the whole interval of its ratio is below 1. */
export function isFaster(trial: MeasuredTrial): boolean {
  return trial.latency.ratio.high < 1;
}

/** Files that differ by less than this share of the smallest are of one size to a reader. */
const SAME_SIZE = 0.05;

/**
 * The best of the trials that keep the budget on the selection split and are faster than float32
 * beyond doubt: the fastest; of those whose ratio lies within the interval of the fastest's, which the
 * measurement cannot tell apart, the smallest file; of those of one size, the one that loses least.
 * Undefined where there is none: float32 stays.
 */
export function chooseWinner(budget: Budget, trials: readonly Trial[]): MeasuredTrial | undefined {
  const kept = trials.filter(isMeasured)
    .filter((trial) => isFaster(trial) && isWithinBudget(budget, trial));
  const [fastest] = kept.toSorted((a, b) => a.latency.ratio.value - b.latency.ratio.value);
  if (!fastest) return undefined;
  const asFast = kept.filter((trial) => trial.latency.ratio.value <= fastest.latency.ratio.high);
  const smallest = Math.min(...asFast.map(({ bytes }) => bytes));
  const loss = (trial: MeasuredTrial) => drop(budget.metric, trial.accuracy.difference);
  return asFast
    .filter(({ bytes }) => bytes <= smallest * (1 + SAME_SIZE))
    .sort((a, b) =>
      loss(a) - loss(b) || a.latency.ratio.value - b.latency.ratio.value ||
      (a.name < b.name ? -1 : 1)
    )[0];
}

/** Why a trial was chosen, in a sentence. */
export function whyChosen(budget: Budget, trials: readonly Trial[]): string {
  const measured = trials.filter(isMeasured);
  const kept = measured.filter((trial) => isFaster(trial) && isWithinBudget(budget, trial));
  return `Of ${measured.length} measured, ${kept.length} ` +
    `${kept.length === 1 ? "configuration loses" : "configurations lose"} at most ` +
    `${describeLimit(budget)} on the selection split and ` +
    `${
      kept.length === 1 ? "is" : "are"
    } faster than float32 beyond doubt. The fastest wins; of those ` +
    `as fast within its interval the smallest file, and of those of one size the one that loses least.`;
}

/**
 * The trials that no other beats in both accuracy and latency, fastest first, as far as they are
 * faster than float32: the models worth keeping beside the winner.
 */
export function worthKeeping(budget: Budget, trials: readonly Trial[]): MeasuredTrial[] {
  const loss = (trial: MeasuredTrial) => drop(budget.metric, trial.accuracy.difference);
  const front: MeasuredTrial[] = [];
  const order = trials.filter(isMeasured).filter(isFaster).sort((a, b) =>
    a.latency.ratio.value - b.latency.ratio.value || loss(a) - loss(b) || (a.name < b.name ? -1 : 1)
  );
  for (const trial of order) {
    const last = front.at(-1);
    if (last === undefined || loss(trial) < loss(last)) front.push(trial);
  }
  return front;
}
