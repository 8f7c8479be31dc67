import type { PlanRow } from "../record/plan_record.ts";
import type { OutlierColumns } from "../record/recipe.ts";
import { decimal, megabytes, milliseconds } from "./format.ts";
import type { Column } from "./table.ts";

/** What became of one part of one layer of a transformer. */
export interface PlanPart {
  /** The part and its layer: `attention 0`. */
  readonly part: string;
  /** How many of its layers became what: `4 dynamic, 2 float32`. */
  readonly becomes: string;
  /** The operators that run for them: `4 MatMulIntegerToFloat, 2 MatMul`. */
  readonly executes: string;
  /** Bytes of weights in float32; what several layers share is counted with the first. */
  readonly bytes: number;
  /** Columns that products read in float32, with what that brings: `63, 99 (4.6 dB)`. */
  readonly columns: string;
  /** Why some stayed float32. */
  readonly why: string;
  /** Milliseconds of what executes; undefined where it was not timed. */
  readonly ms: number | undefined;
  /** Least SQNR of what its nodes give, dB; undefined where it was not measured. */
  readonly dB: number | undefined;
}

/** What has weights and is in no part. */
const OTHERS = "in no part";

/**
 * The plan of a transformer: a row for each part of each layer, in the order of the network. None of a
 * network without parts.
 */
export function planParts(plan: readonly PlanRow[]): PlanPart[] {
  if (!plan.some(({ part }) => part !== undefined)) return [];
  const shown = plan.filter(({ part, weights }) => part !== undefined || weights !== undefined);
  return [...Map.groupBy(shown, partTitle)].map(([part, rows]) => partOf(part, rows));
}

/** `attention 0`, and `head` of what is in no layer. */
export function partTitle({ part, layer }: Pick<PlanRow, "part" | "layer">): string {
  if (part === undefined) return OTHERS;
  return layer === undefined ? part : `${part} ${layer}`;
}

function partOf(part: string, rows: readonly PlanRow[]): PlanPart {
  const weighed = rows.filter(({ weights }) => weights !== undefined);
  // A norm has none: what runs is told.
  const layers = weighed.length > 0 ? weighed : rows.filter(runsByItself);
  const floats = layers.filter((row) => becomesOf(row) === "float32" && row.asked !== "float32");
  const times = rows.flatMap(({ ms }) => ms ?? []);
  const errors = rows.flatMap(({ dB }) => dB ?? []);
  return {
    part,
    becomes: countsOf(layers.map(becomesOf)),
    executes: countsOf(layers.map(({ executes }) => executes).filter((name) => name !== "")),
    bytes: weighed.reduce((sum, { weights = 0, shared = 0 }) => sum + weights - shared, 0),
    columns: [...new Set(rows.flatMap(({ outliers }) => outliers ? columnsOf(outliers) : []))]
      .join("; "),
    why: weighed.length > 0 ? [...new Set(floats.map(reasonOf))].join("; ") : "",
    ms: times.length > 0 ? times.reduce((sum, ms) => sum + ms, 0) : undefined,
    dB: errors.length > 0 ? Math.min(...errors) : undefined,
  };
}

function columnsOf({ columns, dB }: OutlierColumns): string {
  return `${columns.join(", ")} (${decimal(dB, 1)} dB)`;
}

function runsByItself({ inside, executes }: PlanRow): boolean {
  return !inside && executes !== "" && executes !== "folded away";
}

function becomesOf({ asked, applied }: PlanRow): string {
  return applied ?? asked;
}

/** Without the rule that asked for something else. */
function reasonOf({ why }: PlanRow): string {
  return why.replace(/^.*?stays float32: /, "");
}

/** `4 dynamic, 2 float32`, most frequent first. */
function countsOf(names: readonly string[]): string {
  return [...Map.groupBy(names, (name) => name)]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .map(([name, { length }]) => `${length} ${name}`)
    .join(", ");
}

/** The columns of the table of parts: with times and errors where there are some. */
export function partColumns(parts: readonly PlanPart[]): readonly Column<PlanPart>[] {
  const isSplit = parts.some(({ columns }) => columns !== "");
  const has = (key: "ms" | "dB") => parts.some((part) => part[key] !== undefined);
  const ms = ({ ms }: PlanPart) => ms === undefined ? "" : milliseconds(ms);
  const dB = ({ dB }: PlanPart) => dB === undefined ? "" : decimal(dB, 1);
  return [
    { head: "part", text: ({ part }) => part },
    { head: "becomes", text: ({ becomes }) => becomes || "–" },
    { head: "executes as", text: ({ executes }) => executes || "–", wraps: true },
    {
      head: "float32 weights",
      text: ({ bytes }) => bytes > 0 ? megabytes(bytes) : "–",
      numeric: true,
    },
    ...has("ms") ? [{ head: "ms", text: ms, numeric: true }] : [],
    ...has("dB") ? [{ head: "least dB", text: dB, numeric: true }] : [],
    ...isSplit
      ? [{ head: "columns in float32", text: ({ columns }: PlanPart) => columns, wraps: true }]
      : [],
    { head: "why float32", text: ({ why }) => why, wraps: true },
  ];
}
