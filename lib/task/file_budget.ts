import { type Budget, describeLimit, worstCaseDrop } from "../record/budget.ts";
import type { MetricInfo } from "../record/metric_info.ts";
import type { Accuracy } from "../record/trial_record.ts";

/**
 * What is accepted beside a float32 reference where the user says nothing: the drop that an int8 file has
 * itself, where that is more than the metric's own. A model that is as close as the file is an answer.
 *
 * @param file The file against the reference; undefined where there is none.
 * @returns In the metric's unit, rounded up to thousandths.
 */
export function fileBudget(
  metric: MetricInfo,
  maxDrop: number,
  file: Pick<Accuracy, "difference"> | undefined,
): number {
  if (!file) return maxDrop;
  const own = Math.ceil(1000 * worstCaseDrop(metric, file.difference)) / 1000;
  return Math.max(maxDrop, own);
}

/** Says that a budget is the file's own drop, which is more than the metric's, in a sentence. */
export function fileBudgetNote(budget: Budget, reference: string): string {
  return `The file itself loses more against ${reference} than is accepted by default: so what it loses is ` +
    `accepted, ${describeLimit(budget)}; --max-drop asks for less.`;
}
