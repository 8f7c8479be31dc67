import type { Estimate } from "../record/metric_info.ts";
import type { ProfileRecord } from "../record/profile_record.ts";
import { unsettledNote } from "../record/settled.ts";
import type { MachineLoad } from "../record/trial_record.ts";
import { type Chart, chartSvg, svgFile } from "./chart.ts";
import { bareTable, show, type Shown } from "./notebook_display.ts";
import { factor, factorInterval } from "./format.ts";
import { type Markup, markup } from "./markup.ts";
import { profileChart, profileComparisonChart } from "./profile_chart.ts";
import { type ComparedLayer, compareLayers, longestLayers } from "./profile_layers.ts";
import {
  comparisonColumns,
  longestNodes,
  profileColumns,
  profileHeadline,
} from "./profile_table.ts";
import { type Column, textTable } from "./table.ts";

export type { Shown } from "./notebook_display.ts";

/** A second model, to stand beside the first. */
export interface ProfileBeside {
  readonly profile: ProfileRecord;
  /** Its time over the first's, measured in turns; without, the single measurements are compared. */
  readonly ratio?: Estimate;
  /** What else the machine had to do meanwhile. */
  readonly load?: MachineLoad;
}

/** Rows that a table of two models shows. */
const ROWS = 60;

/** Where the time of a model goes, or of two beside each other: a chart and a table. */
export function showProfile(profile: ProfileRecord, beside?: ProfileBeside): Shown {
  const headline = headlineOf(profile, beside);
  const chart = chartSvg(plotOf(profile, beside), { label: titleOf(profile, beside) });
  const [html, text] = beside ? tables(comparedRows(profile, beside), comparisonColumns) : tables(
    longestNodes(profile),
    profileColumns,
  );
  const paragraphs = headline.map((line) => markup`<p>${line}</p>\n`);
  return show({
    "text/html": markup`${paragraphs}${chart}\n${html}`.text,
    "text/plain": `${headline.join("\n")}\n\n${text}`,
  });
}

/** The chart as an SVG file of its own. */
export function profileSvg(profile: ProfileRecord, beside?: ProfileBeside): string {
  const title = titleOf(profile, beside);
  const subtitle = headlineOf(profile, beside).join(" ");
  return svgFile(chartSvg(plotOf(profile, beside), { label: title, title, subtitle }));
}

function tables<T>(rows: readonly T[], columns: readonly Column<T>[]): [Markup, string] {
  return [bareTable(rows, columns), textTable(rows, columns)];
}

function comparedRows(profile: ProfileRecord, beside: ProfileBeside): readonly ComparedLayer[] {
  const { shown, rest } = longestLayers(compareLayers(profile, beside.profile), ROWS);
  return rest ? [...shown, rest] : shown;
}

function plotOf(profile: ProfileRecord, beside: ProfileBeside | undefined): Chart {
  return beside ? profileComparisonChart(profile, beside.profile) : profileChart(profile);
}

function titleOf(profile: ProfileRecord, beside: ProfileBeside | undefined): string {
  const names = [profile.model.name, ...beside ? [beside.profile.model.name] : []];
  return `Where the time goes: ${names.join(" and ")}`;
}

function headlineOf(profile: ProfileRecord, beside: ProfileBeside | undefined): string[] {
  if (!beside) return profileHeadline(profile);
  const ratio = beside.ratio
    ? `${factorInterval(beside.ratio)} of the time, measured in turns`
    : `${factor(beside.profile.wholeMs / profile.wholeMs)} of the time`;
  const note = beside.ratio && unsettledNote([{ ratio: beside.ratio, load: beside.load }]);
  return [
    ...profileHeadline(profile),
    ...profileHeadline(beside.profile),
    `Against each other: ${beside.profile.model.name} takes ${ratio}.`,
    ...note ? [note] : [],
  ];
}
