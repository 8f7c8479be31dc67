import type { Study } from "../record/study_record.ts";
import type { Chart } from "./chart.ts";
import { decimal, isRelative, metricFormat, numbered, plural, signed } from "./format.ts";
import { rowChart } from "./row_chart.ts";
import { familyStyles } from "./theme.ts";
import { entriesOf, type MeasuredEntry } from "./trials.ts";
import { metricWindow } from "./window.ts";
import { baselineWords } from "../record/given_record.ts";

/**
 * What each trial loses or gains against float32 on the same samples, best first, with the paired 95 %
 * interval and the budget. Where the metric is closeness to float32 itself, its value takes the place
 * of the difference.
 */
export function differenceChart(study: Study, options: { width?: number } = {}): Chart {
  const { measured, winner } = entriesOf(study);
  const format = metricFormat(study);
  const { metric, maxDrop, baseline: { selection } } = study;
  const styles = familyStyles(measured.map(({ trial }) => trial.family));
  const relative = isRelative(study);
  const estimateOf = ({ accuracy }: MeasuredEntry) =>
    relative ? accuracy.value : accuracy.difference;
  const float32 = relative ? selection.value : 0;
  const budget = float32 + (metric.higherIsBetter ? -maxDrop : maxDrop);

  const shown = metricWindow(study, measured);
  const isShown = (value: number) => value >= shown.low && value <= shown.high;
  const ends = measured.filter(({ accuracy: { value } }) => isShown(value.value))
    .map(estimateOf).flatMap(({ low, high }) => [low, high]);
  const lines = [{ at: budget, label: "budget", dashes: "1.5 3" }];
  if (!relative || isShown(float32)) {
    lines.push({ at: float32, label: baselineWords(study).short, dashes: "5 4" });
  }
  const marks = [...ends, ...lines.map(({ at }) => at)];

  const rows = measured.toSorted((a, b) => a.drop - b.drop || a.number - b.number).map((entry) => {
    const estimate = estimateOf(entry);
    const { colour, shape } = styles.get(entry.trial.family)!;
    const text = relative ? format.value(estimate.value) : format.difference(estimate.value);
    const range = relative ? format.range(estimate) : format.differenceRange(estimate);
    return {
      number: entry.number,
      label: numbered(entry.number, entry.trial.name),
      value: estimate.value,
      low: estimate.low,
      high: estimate.high,
      text: `${text} ${range}`,
      shortText: text,
      colour,
      shape,
      strong: entry === winner,
    };
  });
  const samples = plural(selection.n, "selection sample");
  const chart = rowChart(rows, {
    mark: "dot",
    axis: relative
      ? `${format.heading}, on ${samples}`
      : `${metric.name} minus ${baselineWords(study).outputs}'s${
        format.differenceUnit && `,${format.differenceUnit}`
      }, on the same ${samples}`,
    format: relative ? decimal : signed,
    domain: [Math.min(...marks), Math.max(...marks)],
    lines,
    width: options.width,
  });
  return {
    ...chart,
    key: [...styles].map(([label, { colour, shape }]) => ({ label, colour, glyph: shape })),
    note: relative ? "Bars: 95 % intervals." : "Bars: 95 % intervals of the paired difference.",
  };
}
