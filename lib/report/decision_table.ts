import type { DecisionRow, SearchRecord } from "../record/search_record.ts";
import type { Study } from "../record/study_record.ts";
import type { Trial } from "../record/trial_record.ts";
import {
  decimal,
  factor,
  megabytes,
  metricFormat,
  milliseconds,
  plural,
  signed,
} from "./format.ts";
import type { Column } from "./table.ts";

/** The columns of the table of decisions, the same in HTML, Markdown and text. */
export function decisionColumns(
  study: Study,
  decisions: readonly DecisionRow[],
): readonly Column<DecisionRow>[] {
  const format = metricFormat(study);
  const drop = (value: number | undefined) =>
    value === undefined ? "–" : decimal(value, value !== 0 && value < 0.1 ? 3 : 2);
  const cut = decisions.some(({ kernels }) => kernels > 1);
  return [
    { head: "layer", text: ({ node }) => node, code: true, wraps: true },
    { head: "op", text: ({ opType }) => opType, wraps: true },
    ...cut
      ? [{ head: "kernels", text: ({ kernels }: DecisionRow) => `${kernels}`, numeric: true }]
      : [],
    { head: "form", text: ({ form }) => form },
    { head: "ms", text: ({ ms }) => milliseconds(ms), numeric: true },
    { head: "saves, ms", text: ({ savesMs }) => signed(savesMs, 3), numeric: true },
    { head: "saves, kB", text: ({ savesBytes }) => decimal(savesBytes / 1000, 1), numeric: true },
    { head: "dB", text: ({ dB }) => dB === undefined ? "–" : decimal(dB, 1), numeric: true },
    { head: `drop, ${format.differenceUnit.trim()}`, text: (row) => drop(row.drop), numeric: true },
    { head: "next best", text: nextText, wraps: true },
    { head: "why", text: whyText, wraps: true },
  ];
}

function nextText({ next }: DecisionRow): string {
  if (!next) return "–";
  const parts = [`${signed(next.ms, 3)} ms`];
  if (next.bytes !== 0) parts.push(`${signed(next.bytes / 1000, 1)} kB`);
  if (next.dB !== undefined) parts.push(`${decimal(next.dB, 1)} dB`);
  return `${next.form} (${parts.join(", ")})`;
}

function whyText({ why, observers = [] }: DecisionRow): string {
  return [why, ...observers].join("; ");
}

/** What the table of decisions shows, in a paragraph. */
export function decisionCaption({ decisions, scale }: SearchRecord): string {
  const forms = [...Map.groupBy(decisions, ({ form }) => form)]
    .toSorted((a, b) => b[1].length - a[1].length || (a[0] < b[0] ? -1 : 1))
    .map(([form, { length }]) => `${length} ${form}`);
  return `${plural(decisions.length, "layer")}: ${forms.join(", ")}. "saves": how much the model ` +
    "gains over keeping this layer in float32, conversions included. dB: the signal over the noise " +
    "that this layer alone adds to the worst output. drop: what that noise alone would cost." +
    (scale === undefined
      ? ""
      : ` The noise of all layers together, as measured, is ${
        factor(scale)
      } of the sum of theirs.`);
}

/** What the table of the front shows. */
export const FRONT_CAPTION =
  "Models that no other model beats in accuracy, latency and size at once, fastest first. Each has a " +
  "file in the folder of the study.";

/** A trial on the front, with the numbers that put it there. */
export function frontRows({ search, trials }: Study): Trial[] {
  return (search?.front ?? []).flatMap((key) => trials.find((trial) => trial.key === key) ?? []);
}

/** The columns of the front. */
export function frontColumns(study: Study): readonly Column<Trial>[] {
  const format = metricFormat(study);
  return [
    { head: "configuration", text: ({ name }) => name, wraps: true },
    {
      head: "latency ratio",
      text: ({ latency }) => latency ? factor(latency.ratio.value) : "–",
      numeric: true,
    },
    {
      head: `${study.metric.name}, difference`,
      text: ({ accuracy }) =>
        accuracy ? `${format.difference(accuracy.difference.value)}${format.differenceUnit}` : "–",
      numeric: true,
    },
    {
      head: "size",
      text: ({ bytes }) => bytes === undefined ? "–" : megabytes(bytes),
      numeric: true,
    },
  ];
}
