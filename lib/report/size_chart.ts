import type { Study } from "../record/study_record.ts";
import type { Chart } from "./chart.ts";
import { decimal, factor, megabytes, numbered } from "./format.ts";
import { type ChartRow, rowChart } from "./row_chart.ts";
import { familyStyles, INK } from "./theme.ts";
import { entriesOf } from "./trials.ts";
import { baselineWords } from "../record/given_record.ts";

/** The file size of each trial's model, smallest first, below the float32 network as given. */
export function sizeChart(study: Study, options: { width?: number } = {}): Chart {
  const { measured, winner } = entriesOf(study);
  const styles = familyStyles(measured.map(({ trial }) => trial.family));
  const [divisor, unit] = study.model.bytes < 999_500 ? [1e3, "kB"] : [1e6, "MB"];
  const baseline: ChartRow = {
    number: 0,
    label: baselineWords(study).row,
    value: study.model.bytes / divisor,
    text: `${megabytes(study.model.bytes)}\u2003${factor(1)}`,
    shortText: megabytes(study.model.bytes),
    colour: INK,
    strong: true,
  };
  const rows = measured.toSorted((a, b) => a.bytes - b.bytes || a.number - b.number)
    .map((entry): ChartRow => ({
      number: entry.number,
      label: numbered(entry.number, entry.trial.name),
      value: entry.bytes / divisor,
      text: `${megabytes(entry.bytes)}\u2003${factor(entry.bytes / study.model.bytes)}`,
      shortText: megabytes(entry.bytes),
      colour: styles.get(entry.trial.family)!.colour,
      strong: entry === winner,
    }));
  const chart = rowChart([baseline, ...rows], {
    mark: "bar",
    axis: `size of the .onnx file, ${unit}`,
    format: decimal,
    width: options.width,
  });
  return {
    ...chart,
    key: [...styles].map(([label, { colour }]) => ({ label, colour, glyph: "bar" })),
  };
}
