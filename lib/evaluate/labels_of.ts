import type { Dataset } from "../data/dataset.ts";
import type { ScoredSample } from "./metric.ts";

/** Labels of a data set: of its samples, or of their positions. */
export type Labels = Pick<Dataset, "labels" | "tokenLabels">;

/**
 * What is known of a sample's classes.
 *
 * @param mask Which of its positions are no padding: labels of others are left out, where there are any.
 */
export function labelsOf(
  { labels, tokenLabels }: Labels,
  index: number,
  mask?: readonly boolean[],
): Pick<ScoredSample, "label" | "tokenLabels"> {
  const label = labels?.[index] ?? -1;
  const all = tokenLabels?.[index];
  const ofTokens = mask && all?.length === mask.length ? all.filter((_, i) => mask[i]) : all;
  return { ...(label >= 0 && { label }), ...(ofTokens && { tokenLabels: ofTokens }) };
}

/** Whether the class of a sample is known, or that of one of its positions. */
export function isLabelled({ labels, tokenLabels }: Labels, index: number): boolean {
  return (labels?.[index] ?? -1) >= 0 ||
    (tokenLabels?.[index]?.some((label) => label >= 0) ?? false);
}

/** Number of samples with a label. */
export function labelledCount(dataset: Labels): number {
  const length = dataset.labels?.length ?? dataset.tokenLabels?.length ?? 0;
  return Array.from({ length }, (_, index) => index).filter((index) => isLabelled(dataset, index))
    .length;
}
