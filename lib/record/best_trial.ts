import type { Trial } from "./trial_record.ts";
import { type Budget, describeLimit, drop, isWithinBudget } from "./budget.ts";
import { isMeasured, type MeasuredTrial, type Objective } from "./best.ts";

/** Files that differ by less than this share of the smallest are of one size to a reader. */
const SAME_SIZE = 0.05;

/** Whether a trial is not slower than float32 beyond doubt: its interval reaches down to 1. */
export function isNotSlower({ latency }: MeasuredTrial): boolean {
  return latency.ratio.low <= 1;
}

/**
 * The best of the trials by an objective: of those that keep the budget and are not slower than float32
 * beyond doubt, the fastest, or the smallest; of those that a measurement cannot tell from it, the
 * smaller, or the faster, and then the one that loses least. If none keeps the budget, the one that
 * comes closest.
 */
export function bestTrial(
  budget: Budget,
  trials: readonly Trial[],
  objective: Objective,
): MeasuredTrial | undefined {
  const measured = trials.filter(isMeasured);
  const loss = (trial: MeasuredTrial) => drop(budget.metric, trial.accuracy.difference);
  const ratio = ({ latency }: MeasuredTrial) => latency.ratio.value;
  const kept = measured.filter((trial) => isWithinBudget(budget, trial));
  if (kept.length === 0) {
    return measured.toSorted((a, b) => loss(a) - loss(b) || ratio(a) - ratio(b))[0];
  }
  const good = kept.some(isNotSlower) ? kept.filter(isNotSlower) : kept;
  const fastestOf = (some: readonly MeasuredTrial[]) => {
    const [fastest] = some.toSorted((a, b) => ratio(a) - ratio(b));
    return some.filter((trial) => ratio(trial) <= fastest!.latency.ratio.high);
  };
  const smallestOf = (some: readonly MeasuredTrial[]) => {
    const smallest = Math.min(...some.map(({ bytes }) => bytes));
    return some.filter(({ bytes }) => bytes <= smallest * (1 + SAME_SIZE));
  };
  const alike = objective === "latency" ? smallestOf(fastestOf(good)) : fastestOf(smallestOf(good));
  return alike.sort((a, b) =>
    loss(a) - loss(b) || ratio(a) - ratio(b) || (a.name < b.name ? -1 : 1)
  )[0];
}

/** Why a trial is the best, in a sentence. */
export function whyBest(
  budget: Budget,
  trials: readonly Trial[],
  objective: Objective,
): string {
  const measured = trials.filter(isMeasured);
  const kept = measured.filter((trial) => isWithinBudget(budget, trial));
  const limit = describeLimit(budget);
  if (kept.length === 0) {
    return `None of ${measured.length} models that were built and measured loses at most ${limit} ` +
      `on the selection split; this one comes closest.`;
  }
  const [first, second] = objective === "latency"
    ? ["fastest", "as fast within its interval the smallest file, and of those of one size"]
    : ["smallest", "of one size the fastest, and of those as fast within its interval"];
  return `Of ${measured.length} models that were built and measured, ${kept.length} ` +
    `${
      kept.length === 1 ? "loses" : "lose"
    } at most ${limit} on the selection split. Of those not ` +
    `slower than float32 beyond doubt the ${first} wins; of those ${second} the one that loses least.`;
}

/** Keys of the trials that no other beats in loss, latency and size at once, fastest first. */
export function frontOf(budget: Budget, trials: readonly Trial[]): string[] {
  const points = trials.filter(isMeasured).map((trial) => ({
    key: trial.key,
    costs: [
      trial.latency.ratio.value,
      drop(budget.metric, trial.accuracy.difference),
      trial.bytes,
    ],
  }));
  const beats = (a: readonly number[], b: readonly number[]) =>
    a.every((cost, i) => cost <= b[i]!) && a.some((cost, i) => cost < b[i]!);
  return points.filter(({ costs }) => !points.some((other) => beats(other.costs, costs)))
    .sort((a, b) => a.costs[0]! - b.costs[0]!)
    .map(({ key }) => key);
}
