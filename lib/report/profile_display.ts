import type { ProfileRecord } from "../record/profile_record.ts";
import { type Chart, chartSvg, svgFile } from "./chart.ts";
import { bareTable } from "./bare_table.ts";
import { markup } from "./markup.ts";
import { profileChart, profileComparisonChart } from "./profile_chart.ts";
import { comparisonColumns, longestNodes, profileColumns } from "./profile_table.ts";
import { comparedRows, type ProfileBeside, profileLines, profileText } from "./profile_text.ts";
import { show, type Shown } from "./shown.ts";

/** Where the time of a model goes, or of two beside each other: a chart and a table. */
export function showProfile(profile: ProfileRecord, beside?: ProfileBeside): Shown {
  const chart = chartSvg(plotOf(profile, beside), { label: titleOf(profile, beside) });
  const table = beside
    ? bareTable(comparedRows(profile, beside), comparisonColumns)
    : bareTable(longestNodes(profile), profileColumns);
  const paragraphs = profileLines(profile, beside).map((line) => markup`<p>${line}</p>\n`);
  return show({
    "text/html": markup`${paragraphs}${chart}\n${table}`.text,
    "text/plain": profileText(profile, beside),
  });
}

/** The chart as an SVG file of its own. */
export function profileSvg(profile: ProfileRecord, beside?: ProfileBeside): string {
  const title = titleOf(profile, beside);
  const subtitle = profileLines(profile, beside).join(" ");
  return svgFile(chartSvg(plotOf(profile, beside), { label: title, title, subtitle }));
}

function plotOf(profile: ProfileRecord, beside: ProfileBeside | undefined): Chart {
  return beside ? profileComparisonChart(profile, beside.profile) : profileChart(profile);
}

function titleOf(profile: ProfileRecord, beside: ProfileBeside | undefined): string {
  const names = [profile.model.name, ...beside ? [beside.profile.model.name] : []];
  return `Where the time goes: ${names.join(" and ")}`;
}
