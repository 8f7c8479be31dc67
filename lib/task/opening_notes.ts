import type { Dataset } from "../data/dataset.ts";
import { baselineNotes } from "../evaluate/baseline_notes.ts";
import type { Metric } from "../evaluate/metric.ts";
import { resolutionNote } from "../evaluate/resolution.ts";
import type { StudyContext } from "./study_strategy.ts";

/**
 * What is to be known before the work of a study, in sentences: what float32, which is measured first, says
 * against the samples; and that there are too few of them for the budget.
 */
export async function openingNotes(
  { model, data, metric, budget, store, experiment }: StudyContext,
): Promise<string[]> {
  const stored = await store.evaluation(await model.hash(), "selection");
  const float32 = stored
    ? { value: stored.accuracy.value, scores: stored.scores }
    : await experiment.baseline("selection");
  const few = resolutionNote(budget.metric, budget.maxDrop, {
    selection: scoredSamples(data.selection, metric),
    test: scoredSamples(data.test, metric),
  });
  return [
    ...await baselineNotes(model, data.selection, metric, float32),
    ...few === undefined ? [] : [few],
  ];
}

function scoredSamples(dataset: Dataset, metric: Metric): number {
  if (!metric.usesLabels) return dataset.stream?.lengths.length ?? dataset.length;
  return dataset.labels?.filter((label) => label >= 0).length ?? 0;
}
