import type { ProfileRecord } from "../record/profile_record.ts";
import type { Chart } from "./chart.ts";
import { decimal, factor, milliseconds, percent } from "./format.ts";
import {
  compareLayers,
  layerOf,
  longestLayers,
  type NodeWork,
  totalMs,
  workOf,
} from "./profile_layers.ts";
import { type ChartRow, rowChart } from "./row_chart.ts";
import { COLOURS, MUTED } from "./theme.ts";

/** Rows that a chart shows; what is shorter goes into one together. */
const ROWS = 30;

const LOOKS: Readonly<Record<NodeWork, { readonly label: string; readonly colour: string }>> = {
  float32: { label: "float32", colour: MUTED },
  int8: { label: "int8", colour: COLOURS.blue },
  boundary: { label: "conversion of precision or layout", colour: COLOURS.orange },
};

/** The time of each node that the runtime executes, longest first. */
export function profileChart(profile: ProfileRecord, options: { width?: number } = {}): Chart {
  const sorted = profile.nodes.toSorted((a, b) => b.ms - a.ms);
  const rows = sorted.slice(0, ROWS).map((node): ChartRow => ({
    label: `${layerOf(node)}  ${node.opType}`,
    value: node.ms,
    text: `${milliseconds(node.ms)}\u2003${percent(node.share)}`,
    shortText: milliseconds(node.ms),
    colour: LOOKS[workOf(node)].colour,
  }));
  const rest = sorted.slice(ROWS);
  if (rest.length > 0) {
    const ms = rest.reduce((sum, node) => sum + node.ms, 0);
    rows.push({
      label: `${rest.length} others`,
      value: ms,
      text: `${milliseconds(ms)}\u2003${percent(ms / totalMs(profile))}`,
      shortText: milliseconds(ms),
      colour: MUTED,
    });
  }
  const used = new Set(profile.nodes.map(workOf));
  return {
    ...chart(rows, options),
    key: Object.entries(LOOKS)
      .filter(([work]) => used.has(work as NodeWork))
      .map(([, look]) => ({ ...look, glyph: "bar" as const })),
  };
}

/** Options for {@linkcode profileComparisonChart}. */
export interface ProfileComparisonOptions {
  /** Width of the drawing, px. */
  width?: number;
  /** What the two are called in the key. @default the names of their files */
  names?: readonly [string, string];
}

/** The time of each module in two networks, float32 and int8 for instance. */
export function profileComparisonChart(
  before: ProfileRecord,
  after: ProfileRecord,
  { names = namesOf(before, after), ...options }: ProfileComparisonOptions = {},
): Chart {
  const { shown, rest } = longestLayers(compareLayers(before, after), ROWS);
  const rows = [...shown, ...rest ? [rest] : []].map(({ layer, before, after }): ChartRow => {
    const [was, is] = [before?.ms ?? 0, after?.ms ?? 0];
    const ratio = was > 0 ? factor(is / was) : "";
    return {
      label: layer,
      value: is,
      above: { value: was, colour: MUTED },
      text: `${milliseconds(was)} → ${milliseconds(is)}${ratio && `\u2003${ratio}`}`,
      shortText: ratio || milliseconds(is),
      colour: COLOURS.blue,
    };
  });
  return {
    ...chart(rows, options),
    key: [
      { label: names[0], colour: MUTED, glyph: "bar" },
      { label: names[1], colour: COLOURS.blue, glyph: "bar" },
    ],
  };
}

/** The names of both files; where they are alike, which of the two it is. */
function namesOf(before: ProfileRecord, after: ProfileRecord): [string, string] {
  const names: [string, string] = [before.model.name, after.model.name];
  return names[0] === names[1] ? ["the first", "the second"] : names;
}

function chart(rows: readonly ChartRow[], { width }: { width?: number }): Chart {
  return rowChart(rows, { mark: "bar", axis: "ms per run", format: decimal, width });
}
