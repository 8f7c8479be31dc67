import * as Plot from "@observablehq/plot";
import type { Estimate } from "../record/metric_info.ts";
import { isSlower } from "../record/best.ts";
import { exceededRatios } from "../record/load_ratios.ts";
import type { NodeCounts } from "../record/node_counts.ts";
import { isSettled } from "../record/settled.ts";
import type { Study } from "../record/study_record.ts";
import {
  count,
  decimal,
  factor,
  factorRange,
  isRelative,
  megabytes,
  metricFormat,
  numbered,
  SQNR_OVER_ALL,
} from "./format.ts";
import { type Markup, markup } from "./markup.ts";
import { BASELINE, type FamilyStyle, familyStyles } from "./theme.ts";
import { oneLine } from "./markdown.ts";
import { drawPlot, px, SHAPED } from "./plot.ts";
import { type Column, textTable } from "./table.ts";
import { entriesOf, failureOf } from "./trials.ts";
import { baselineWords, givenValue } from "../record/given_record.ts";

/** One row of the trial table: the model as given, a measured trial, or a failed one. */
export interface TrialRow {
  /** Number of the trial, as in the charts; 0 is the model as given. */
  readonly number: number;
  readonly name: string;
  readonly family: string;
  readonly value?: Estimate;
  readonly difference?: Estimate;
  /** dB; null where the outputs are equal to the bit. */
  readonly sqnr?: number | null;
  readonly ratio?: Estimate;
  readonly bytes?: number;
  /** Nodes of the file, and those that run. */
  readonly nodes?: NodeCounts | undefined;
  /** Time to create a session as a ratio to that of the model as given. */
  readonly create?: Estimate | undefined;
  readonly kind: "baseline" | "winner" | "measured" | "failed";
  /** What else is to be known of it, in a few words each. */
  readonly remarks: readonly string[];
  /** Why it failed, where it did. */
  readonly error?: string;
}

/** The rows of the trial table: the model as given first, then the measured ones fastest first, then the failed. */
export function trialRows(study: Study): TrialRow[] {
  const { measured, failed, winner } = entriesOf(study);
  const words = baselineWords(study);
  const baseline: TrialRow = {
    number: 0,
    name: words.row,
    family: words.family,
    value: givenValue(study),
    ratio: { value: 1, low: 1, high: 1, n: 0 },
    bytes: study.model.bytes,
    nodes: study.model.nodeCounts,
    kind: "baseline",
    ...(study.given?.accuracy && { difference: study.given.accuracy.selection.difference }),
    ...(study.given?.outputs && { sqnr: study.given.outputs.sqnr }),
    remarks: [],
  };
  return [
    baseline,
    ...measured.map((entry): TrialRow => ({
      number: entry.number,
      name: entry.trial.name,
      family: entry.trial.family,
      value: entry.accuracy.value,
      difference: entry.accuracy.difference,
      sqnr: entry.trial.outputs?.sqnr,
      ratio: entry.latency.ratio,
      bytes: entry.bytes,
      nodes: entry.trial.nodes,
      create: entry.trial.coldStart?.create.ratio,
      kind: entry === winner ? "winner" : "measured",
      remarks: [
        ...(entry === winner ? ["winner"] : []),
        ...(entry.isWithinBudget ? [] : ["over budget"]),
        ...(isSlower(entry) ? ["slower"] : []),
        ...exceededRatios(study, entry.trial).map(({ remark }) => remark),
        ...(entry.latency.drifted ? ["drifted"] : []),
        ...(isSettled(entry.latency.ratio) ? [] : ["time unknown"]),
      ],
    })),
    ...failed.map(({ number, trial }): TrialRow => ({
      number,
      name: trial.name,
      family: trial.family,
      kind: "failed",
      remarks: ["failed"],
      error: failureOf(trial),
    })),
  ];
}

/** The columns of the trial table, the same in HTML, Markdown and text. */
export function trialColumns(study: Study): Column<TrialRow>[] {
  const format = metricFormat(study);
  const styles = familyStyles(entriesOf(study).measured.map(({ trial }) => trial.family));
  const none = "–";
  const columns: (Column<TrialRow> | false)[] = [
    {
      head: "#",
      text: ({ number }) => number === 0 ? "" : String(number),
      sort: ({ number }) => number,
      numeric: true,
    },
    { head: "configuration", text: ({ name }) => name, sort: ({ name }) => name, wraps: true },
    {
      head: "family",
      text: ({ family }) => family,
      sort: ({ family }) => family,
      glyph: ({ family, kind }) => familyGlyph(kind === "baseline" ? BASELINE : styles.get(family)),
    },
    {
      head: format.heading,
      text: ({ value }) => value ? format.value(value.value) : none,
      interval: ({ value }) => value ? format.range(value) : "",
      sort: ({ value }) => value?.value,
      numeric: true,
    },
    // Of a relative metric, the difference is the value again.
    !isRelative(study) && {
      head: format.differenceHeading,
      text: ({ difference }) => difference ? format.difference(difference.value) : none,
      interval: ({ difference }) => difference ? format.differenceRange(difference) : "",
      sort: ({ difference }) => difference?.value,
      numeric: true,
    },
    {
      head: SQNR_OVER_ALL,
      text: ({ sqnr }) => sqnr === undefined ? none : sqnr === null ? "exact" : decimal(sqnr, 1),
      sort: ({ sqnr }) => sqnr === null ? 1e9 : sqnr, // equal to the bit is the best there is
      numeric: true,
    },
    {
      head: "latency ratio",
      text: ({ ratio }) => ratio ? factor(ratio.value) : none,
      interval: ({ ratio, kind }) => ratio && kind !== "baseline" ? factorRange(ratio) : "",
      sort: ({ ratio }) => ratio?.value,
      numeric: true,
      sorted: "ascending",
    },
    {
      head: "size",
      text: ({ bytes }) => bytes === undefined ? none : megabytes(bytes),
      sort: ({ bytes }) => bytes,
      numeric: true,
    },
    entriesOf(study).measured.some(({ trial }) => trial.nodes) && {
      head: "nodes",
      text: ({ nodes }) => nodes ? count(nodes.executed ?? nodes.file) : none,
      interval: ({ nodes }) => nodes?.executed === undefined ? "" : `of ${count(nodes.file)}`,
      sort: ({ nodes }) => nodes?.executed ?? nodes?.file,
      numeric: true,
    },
    entriesOf(study).measured.some(({ trial }) => trial.coldStart) && {
      head: "create ratio",
      text: ({ create, kind }) =>
        kind === "baseline" ? factor(1) : create ? factor(create.value) : none,
      sort: ({ create, kind }) => kind === "baseline" ? 1 : create?.value,
      numeric: true,
    },
    { head: "remarks", text: ({ remarks }) => remarks.join(", ") },
  ];
  return columns.filter((column) => column !== false);
}

/** The mark of a family in the charts, small enough for a line of text. */
function familyGlyph(style: FamilyStyle | undefined): Markup | undefined {
  if (style === undefined) return undefined;
  const mark = Plot.dot([style], { x: px([7]), y: px([7]), r: 4.5, fill: "colour", ...SHAPED });
  const drawn = drawPlot({ width: 14, height: 14, marks: [mark] });
  return markup`<svg class="glyph" viewBox="0 0 14 14" width="14" height="14" aria-hidden="true">${drawn}</svg>`;
}

/**
 * The trials of a study as a plain-text table for standard output, failed ones with their reason below.
 *
 * @returns Lines of text, each ended by a newline.
 */
export function trialTableText(study: Study): string {
  const rows = trialRows(study);
  const columns = trialColumns(study).filter(({ head }) => head !== "family");
  const reasons = rows.filter(({ error }) => error !== undefined)
    .map(({ number, name, error }) =>
      `${numbered(number, oneLine(name))} failed: ${oneLine(error!)}\n`
    );
  return textTable(rows, columns) + (reasons.length > 0 ? `\n${reasons.join("")}` : "");
}
