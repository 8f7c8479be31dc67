import { type Table, table } from "../display.ts";
import type { ConsideredForm, LayerChoices } from "../record/layer_choices.ts";
import { decimal, megabytes, milliseconds, signed } from "./format.ts";

/** All that was considered for a layer, under a line that names it. */
export function layerChoicesText(layer: LayerChoices): string {
  return `${layerTitle(layer)}\n\n${layerChoicesTable(layer)}`;
}

/** The name of a layer with its operators, and its module path where it has one of its own. */
export function layerTitle({ node, opTypes, path }: LayerChoices): string {
  const own = path !== "" && path !== node ? `, ${path}` : "";
  return `${node} (${opTypes.join(" + ")}${own}):`;
}

/** A row for each form. */
export function layerChoicesTable({ forms }: LayerChoices): Table {
  const rows = forms.map((one): Record<string, string | undefined> => ({
    form: one.form,
    ms: shown(one.ms, milliseconds),
    nodes: nodesText(one),
    "whole, ms": one.chosen ? "" : shown(one.moreMs, (ms) => signed(ms, 3)),
    dB: shown(one.dB, (dB) => decimal(dB, 1)),
    "create, ms": shown(one.createMs, milliseconds),
    memory: shown(one.heapBytes, (bytes) => megabytes(Math.round(bytes))),
    file: shown(one.bytes, megabytes),
    why: one.why,
  }));
  const columns = Object.keys(rows[0] ?? {});
  return table(rows, columns.filter((column) => rows.some((row) => row[column])));
}

/** `31, 0.028 ms`: how many, and what they take whatever they do. */
function nodesText({ nodes, nodesMs }: ConsideredForm): string | undefined {
  if (nodes === undefined) return undefined;
  return nodesMs === undefined ? String(nodes) : `${nodes}, ${milliseconds(nodesMs)}`;
}

function shown(value: number | undefined, text: (value: number) => string): string | undefined {
  return value === undefined ? undefined : text(value);
}
