import type { Estimate, MetricInfo } from "./metric_info.ts";
import type { Accuracy } from "./trial_record.ts";

/**
 * What a trial is judged by.
 * @category Studies (advanced)
 */
export interface Budget {
  /** What accuracy is measured by. */
  readonly metric: MetricInfo;
  /** Largest accepted drop of the metric on the selection split, in its unit. */
  readonly maxDrop: number;
}

/** What float32 has more than the candidate, in the metric's unit: above 0 is a loss. */
export function drop(
  metric: Pick<MetricInfo, "higherIsBetter">,
  difference: Pick<Estimate, "value">,
): number {
  return metric.higherIsBetter ? -difference.value : difference.value;
}

/** The drop that a least accepted value of the metric allows; below 0 where float32 itself has less. */
export function allowedDrop(
  metric: Pick<MetricInfo, "higherIsBetter">,
  atLeast: number,
  float32: number,
): number {
  return drop(metric, { value: atLeast - float32 });
}

/**
 * The drop that a candidate is judged by. Of a share (top-1, agreement) it is the one measured: the
 * interval of a share tells more about the number of samples than about the network. Of any other metric
 * it is the worse end of the interval: errors in dB differ much from sample to sample, and the candidates
 * that were lucky with theirs would be chosen.
 */
export function worstCaseDrop(metric: MetricInfo, difference: Estimate): number {
  if (metric.share) return drop(metric, difference);
  return drop(metric, { value: metric.higherIsBetter ? difference.low : difference.high });
}

/** Whether a drop is within the budget. */
export function isWithin({ maxDrop }: Pick<Budget, "maxDrop">, drop: number): boolean {
  return drop <= maxDrop + 1e-9; // 94.6 - 94.1 is above 0.5 in binary
}

/** Whether a trial may be taken to keep the budget, see {@linkcode worstCaseDrop}. */
export function isWithinBudget(
  budget: Budget,
  { accuracy }: { readonly accuracy: Accuracy },
): boolean {
  return isWithin(budget, worstCaseDrop(budget.metric, accuracy.difference));
}

/** The largest drop in words, and what is held to it. */
export function describeLimit({ metric: { name, unit, share }, maxDrop }: Budget): string {
  const of = share ? maxDrop === 1 ? " point" : " points" : unit && ` ${unit}`;
  return `${Number(maxDrop.toPrecision(6))}${of} of ${name}` +
    (share ? "" : " (judged by the worse end of the interval)");
}
