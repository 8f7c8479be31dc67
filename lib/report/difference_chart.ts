import type { Study } from "../record/study_record.ts";
import type { Accuracy } from "../record/trial_record.ts";
import type { Chart } from "./chart.ts";
import { decimal, isRelative, metricFormat, numbered, plural, signed } from "./format.ts";
import { type ChartRow, rowChart } from "./row_chart.ts";
import { BASELINE, type FamilyStyle, familyStyles } from "./theme.ts";
import { entriesOf, type MeasuredEntry } from "./trials.ts";
import { metricWindow } from "./window.ts";
import { baselineWords } from "../record/given_record.ts";

/**
 * What each trial loses or gains against float32 on the same samples, best first, with the paired 95 %
 * interval and the budget. Where the metric is closeness to float32 itself, its value takes the place
 * of the difference. A file that is int8 already stands above them, where float32 is beside it.
 */
export function differenceChart(study: Study, options: { width?: number } = {}): Chart {
  const { measured, winner } = entriesOf(study);
  const format = metricFormat(study);
  const { metric, maxDrop, baseline: { selection } } = study;
  const styles = familyStyles(measured.map(({ trial }) => trial.family));
  const relative = isRelative(study);
  const estimateOf = ({ accuracy }: Pick<MeasuredEntry, "accuracy">) =>
    relative ? accuracy.value : accuracy.difference;
  const float32 = relative ? selection.value : 0;
  const budget = float32 + (metric.higherIsBetter ? -maxDrop : maxDrop);

  const shown = metricWindow(study, measured);
  const isShown = (value: number) => value >= shown.low && value <= shown.high;
  const file = study.given?.accuracy?.selection;
  const all = [...file ? [{ accuracy: file }] : [], ...measured];
  const ends = all.filter(({ accuracy: { value } }) => isShown(value.value))
    .map(estimateOf).flatMap(({ low, high }) => [low, high]);
  const lines = [{ at: budget, label: "budget", dashes: "1.5 3" }];
  const words = baselineWords(study);
  if (!relative || isShown(float32)) lines.push({ at: float32, label: words.zero, dashes: "5 4" });
  const marks = [...ends, ...lines.map(({ at }) => at)];

  const rowOf = (
    number: number,
    label: string,
    accuracy: Accuracy,
    look: FamilyStyle,
  ): ChartRow => {
    const estimate = estimateOf({ accuracy });
    const { value, low, high } = estimate;
    const text = relative ? format.value(value) : format.difference(value);
    const range = relative ? format.range(estimate) : format.differenceRange(estimate);
    return {
      ...{ number, label, value, low, high, text: `${text} ${range}`, shortText: text },
      ...{ colour: look.colour, shape: look.shape, strong: number === winner?.number },
    };
  };
  const rows = [
    ...file ? [rowOf(0, words.row, file, BASELINE)] : [],
    ...measured.toSorted((a, b) => a.drop - b.drop || a.number - b.number)
      .map(({ number, trial: { name, family }, accuracy }) =>
        rowOf(number, numbered(number, name), accuracy, styles.get(family)!)
      ),
  ];
  const samples = plural(selection.n, "selection sample");
  const chart = rowChart(rows, {
    mark: "dot",
    axis: relative
      ? `${format.heading}, on ${samples}`
      : `${metric.name} minus ${words.outputs}'s${
        format.differenceUnit && `,${format.differenceUnit}`
      }, on the same ${samples}`,
    format: relative ? decimal : signed,
    domain: [Math.min(...marks), Math.max(...marks)],
    lines,
    width: options.width,
  });
  return {
    ...chart,
    key: [...file ? [[words.row, BASELINE] as const] : [], ...styles]
      .map(([label, { colour, shape }]) => ({ label, colour, glyph: shape })),
    note: relative ? "Bars: 95 % intervals." : "Bars: 95 % intervals of the paired difference.",
  };
}
