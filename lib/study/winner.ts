import type { Estimate, MetricInfo, Trial } from "./records.ts";

/** What a trial is judged by. */
export interface Budget {
  readonly metric: MetricInfo;
  /** Largest accepted drop of the metric on the selection split, in its unit. */
  readonly maxDrop: number;
}

/** A trial that was measured to its end. */
export type MeasuredTrial = Trial & Required<Pick<Trial, "accuracy" | "latency" | "bytes">>;

/** Whether everything of a trial has been measured. */
export function isMeasured(trial: Trial): trial is MeasuredTrial {
  const { error, accuracy, latency, bytes } = trial;
  return error === undefined && accuracy !== undefined && latency !== undefined &&
    bytes !== undefined;
}

/** What float32 has more than the candidate, in the metric's unit: above 0 is a loss. */
export function drop(metric: MetricInfo, difference: Pick<Estimate, "value">): number {
  return metric.higherIsBetter ? -difference.value : difference.value;
}

/**
 * The drop that a candidate is judged by. Of a share (top-1, agreement) it is the one measured: the
 * interval of a share tells more about the number of samples than about the network. Of any other metric
 * it is the worse end of the interval: errors in dB differ much from sample to sample, and the candidates
 * that were lucky with theirs would be chosen.
 */
export function judgedDrop(metric: MetricInfo, difference: Estimate): number {
  if (metric.unit === "%") return drop(metric, difference);
  return drop(metric, { value: metric.higherIsBetter ? difference.low : difference.high });
}

/** Whether a drop is within the budget. */
export function isWithin({ maxDrop }: Pick<Budget, "maxDrop">, drop: number): boolean {
  return drop <= maxDrop + 1e-9; // 94.6 - 94.1 is above 0.5 in binary
}

/** Whether a trial may be taken to keep the budget, see {@linkcode judgedDrop}. */
export function keepsBudget(
  budget: Budget,
  { accuracy }: Pick<MeasuredTrial, "accuracy">,
): boolean {
  return isWithin(budget, judgedDrop(budget.metric, accuracy.difference));
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
    .filter((trial) => isFaster(trial) && keepsBudget(budget, trial));
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

/** The largest drop in words, and what is held to it. */
export function describeLimit({ metric: { name, unit }, maxDrop }: Budget): string {
  const of = unit === "%" ? maxDrop === 1 ? " point" : " points" : unit && ` ${unit}`;
  return `${Number(maxDrop.toPrecision(6))}${of} of ${name}` +
    (unit === "%" ? "" : " (at the worse end of the interval)");
}

/** Why a trial was chosen, in a sentence. */
export function whyChosen(budget: Budget, trials: readonly Trial[]): string {
  const measured = trials.filter(isMeasured);
  const kept = measured.filter((trial) => isFaster(trial) && keepsBudget(budget, trial));
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
