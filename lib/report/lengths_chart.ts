import type { Study } from "../record/study_record.ts";
import type { Chart } from "./chart.ts";
import { decimal, factorInterval, milliseconds, numbered } from "./format.ts";
import { type ChartRow, rowChart } from "./row_chart.ts";
import { COLOURS, MUTED } from "./theme.ts";
import { entriesOf, type MeasuredEntry } from "./trials.ts";
import { baselineWords } from "../record/given_record.ts";

/** The winner, else the fastest, if it was timed at several lengths or on several sets of samples. */
function shownEntry(study: Study): MeasuredEntry | undefined {
  const { winner, measured } = entriesOf(study);
  const [fastest] = measured.toSorted((a, b) => a.latency.ratio.value - b.latency.ratio.value);
  const entry = winner ?? fastest;
  return entry?.latency.at ? entry : undefined;
}

/** Whether a study was timed at several lengths, or on several sets of samples. */
export function isTimedAt(study: Study): boolean {
  return shownEntry(study) !== undefined;
}

/** Whose times the chart shows. */
export function lengthsCaption(study: Study): string {
  const { number, trial } = shownEntry(study)!;
  return `The time of ${numbered(number, trial.name)} as a ratio to ${
    baselineWords(study).model
  }'s, with 95 % intervals; the mean of ` +
    `these ratios (geometric) is what it was chosen by. A model that is slower anywhere does not win.`;
}

/** The ratio of times against the length of samples, shortest first; or for each set of samples. */
export function lengthsChart(study: Study, options: { width?: number } = {}): Chart {
  const { latency } = shownEntry(study)!;
  const rows = latency.at!.map(({ name, ratio, baselineMs, candidateMs }): ChartRow => ({
    label: name,
    ...{ value: ratio.value, low: ratio.low, high: ratio.high },
    text: `${milliseconds(baselineMs)} → ${milliseconds(candidateMs)} ms\u2003${
      factorInterval(ratio)
    }`,
    shortText: factorInterval(ratio),
    colour: ratio.low > 1 ? COLOURS.orange : ratio.high < 1 ? COLOURS.blue : MUTED,
  }));
  return rowChart(rows, {
    mark: "dot",
    axis: `latency ratio to ${baselineWords(study).model}`,
    format: decimal,
    lines: [{ at: 1, label: baselineWords(study).short, dashes: "5 4" }],
    width: options.width,
  });
}
