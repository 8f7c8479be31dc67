import type { Study } from "../record/study_record.ts";
import { isRelative } from "./format.ts";
import type { MeasuredEntry } from "./trials.ts";

/** The part of the metric's axis that charts show; whatever lies beyond stands at the edge. */
export interface MetricWindow {
  readonly low: number;
  readonly high: number;
}

/**
 * Chooses what to show of the metric's axis, as a distance from the median that holds the bulk of the
 * trials and the budget. One broken configuration with 2 % accuracy must not squeeze thirty good ones
 * between 93 and 95 into a line, nor one that equals float32 to the bit (150 dB) those around 30 dB.
 * Float32 itself belongs in it, unless the metric is a distance from it.
 */
export function metricWindow(study: Study, measured: readonly MeasuredEntry[]): MetricWindow {
  if (measured.length === 0) return { low: -Infinity, high: Infinity };
  const { metric, maxDrop, baseline: { selection } } = study;
  const values = measured.map(({ accuracy }) => accuracy.value.value);
  const center = median(values);
  const budget = selection.value + (metric.higherIsBetter ? -maxDrop : maxDrop);
  const distances = values.map((value) => Math.abs(value - center));
  const chosen = measured.find(({ trial }) => trial.key === study.winner?.key);
  const reach = Math.max(
    2 * quantile(distances, 0.7),
    // The winner is never left out.
    chosen ? 1.1 * Math.abs(chosen.accuracy.value.value - center) : 0,
    2 * median(measured.map(({ accuracy: { value } }) => value.high - value.low)),
    1.5 * Math.abs(budget - center),
    isRelative(study) ? 0 : 1.5 * Math.abs(selection.value - center),
  );
  return { low: center - reach, high: center + reach };
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value with at least the share `p` at or below it; of two such the lower. */
function quantile(values: readonly number[], p: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * p)]!;
}
