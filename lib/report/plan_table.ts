import type { PlanRow } from "../record/plan_record.ts";
import type { Study } from "../record/study_record.ts";
import type { Trial } from "../record/trial_record.ts";
import { partTitle } from "./plan_parts.ts";
import { decimal, milliseconds, plural } from "./format.ts";
import type { Column } from "./table.ts";

/** The plan of a trial, with times and errors where the study has them. */
export function planIn(
  { profiles }: Pick<Study, "profiles">,
  { key, plan }: Trial,
): readonly PlanRow[] {
  return profiles?.key === key ? profiles.plan : plan;
}

/** Rows of a plan that belong to one module. */
export interface PlanGroup {
  readonly title: string;
  /** How many nodes, and what they were asked to be: `24 nodes, asked to be 20 static, 4 float32`. */
  readonly summary: string;
  readonly rows: readonly PlanRow[];
}

/** From this many rows on, a plan is folded by module. */
const LONG = 100;

/** About as many rows as fit a screen. */
const LARGE = 40;

/** The columns of the plan table, the same in HTML, Markdown and text: with times where there are some. */
export function planColumns(plan: readonly PlanRow[]): readonly Column<PlanRow>[] {
  const timed = plan.some(({ ms }) => ms !== undefined);
  const compared = plan.some(({ dB }) => dB !== undefined);
  return [
    { head: "node", text: ({ node }) => node, code: true, wraps: true },
    { head: "path", text: ({ path }) => path, code: true, wraps: true },
    { head: "op", text: ({ opType }) => opType },
    { head: "asked", text: ({ asked }) => asked },
    { head: "executes", text: ({ executes }) => executes || "–" },
    ...timed ? [{ head: "ms", text: msText, numeric: true }] : [],
    ...compared ? [{ head: "dB", text: dBText, numeric: true }] : [],
    { head: "why", text: ({ why }) => why, wraps: true },
  ];
}

function msText({ ms }: PlanRow): string {
  return ms === undefined ? "" : milliseconds(ms);
}

function dBText({ dB }: PlanRow): string {
  return dB === undefined ? "" : decimal(dB, 1);
}

/**
 * Cuts the plan of a transformer into its parts, and another long plan into groups by module path, each cut again while it is larger than fits a screen and
 * its path goes deeper; nodes without a path are grouped by operator. A plan of less than 100 rows is
 * one group without a title.
 */
export function planGroups(plan: readonly PlanRow[]): PlanGroup[] {
  const groups = plan.some(({ part }) => part !== undefined)
    ? [...Map.groupBy(plan, partTitle)].map(([title, rows]) => ({ title, rows }))
    : plan.length < LONG
    ? [{ title: "", rows: plan }]
    : cut(plan, 1);
  return groups.map(({ title, rows }) => ({ title, summary: planSummary(rows), rows }));
}

function cut(
  plan: readonly PlanRow[],
  depth: number,
): { title: string; rows: readonly PlanRow[] }[] {
  return [...Map.groupBy(plan, (row) => groupTitle(row, depth))].flatMap(([title, rows]) =>
    rows.length > LARGE && rows.some(({ path }) => path.split(".").length > depth)
      ? cut(rows, depth + 1)
      : { title, rows }
  );
}

/** `24 nodes, asked to be 20 static, 4 float32`, most frequent first. */
export function planSummary(rows: readonly PlanRow[]): string {
  const asked = [...Map.groupBy(rows, (row) => row.asked)]
    .toSorted(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1))
    .map(([name, { length }]) => `${length} ${name}`);
  return `${plural(rows.length, "node")}, asked to be ${asked.join(", ") || "nothing"}`;
}

function groupTitle({ path, opType }: PlanRow, depth: number): string {
  if (path === "") return `${opType}, no module path`;
  return path.split(".").slice(0, depth).join(".");
}

/** `In the runtime: 20 QLinearConv, 2 GRU.`, most frequent first. */
export function executesText(executes: Trial["executes"]): string {
  const counts = Object.entries(executes)
    .toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .map(([op, n]) => `${n} ${op}`);
  return counts.length > 0 ? `In the runtime: ${counts.join(", ")}.` : "";
}
