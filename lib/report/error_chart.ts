import type { PlanRow } from "../record/plan_record.ts";
import { type Chart, chartSvg } from "./chart.ts";
import { show, type Shown } from "./shown.ts";
import { decimal } from "./format.ts";
import { type ChartRow, rowChart } from "./row_chart.ts";
import { textTable } from "./table.ts";
import { familyStyles } from "./theme.ts";

/**
 * Where a quantized network loses its accuracy: for each layer how close what it gives is to float32's
 * own, with the errors of all layers before it, from input to output. The drop from one bar to the next is
 * what the layer adds. PyTorch's Numeric Suite compares the outputs of layers like this.
 *
 * @param plan With the dB that `withErrors()` fills in. Rows without are left out, and nodes that only
 * move values: they add nothing.
 * @example The last line of a notebook cell
 * ```ts
 * import type { PlanRow } from "octavo";
 * import { errorsOf } from "octavo/notebook";
 * const cell = ({ rows }: { rows: readonly PlanRow[] }) => errorsOf(rows);
 * ```
 * @category Tables (notebook)
 */
export function errorsOf(plan: readonly PlanRow[]): Shown {
  const rows = plan.filter(({ dB, opType }) => dB !== undefined && !MOVES.has(opType));
  const text = textTable(rows, [
    { head: "layer", text: labelOf },
    { head: "executes as", text: ({ executes }) => executes },
    { head: "SQNR, dB", text: ({ dB }) => decimal(dB!, 1), numeric: true },
  ]);
  if (rows.length === 0) return show({ "text/plain": "No layer differs from float32." });
  const title = "Closeness to float32, layer by layer";
  const subtitle =
    "SQNR of each layer's output in dB, errors of the layers before it included: 6 dB less is " +
    "twice the error.";
  const svg = chartSvg(errorChart(rows), { label: `${title}. ${subtitle}`, title, subtitle });
  return show({ "image/svg+xml": svg.text, "text/plain": text });
}

/** Operators whose result is as close to float32's as what they read. */
const MOVES: ReadonlySet<string> = new Set([
  "Flatten",
  "Identity",
  "Reshape",
  "Squeeze",
  "Transpose",
  "Unsqueeze",
]);

/** The rows of a plan that have an error, in order. */
function errorChart(rows: readonly PlanRow[], options: { width?: number } = {}): Chart {
  const styles = familyStyles(rows.map(formOf));
  const chart = rowChart(
    rows.map((row): ChartRow => ({
      label: labelOf(row),
      value: Math.max(0, row.dB!),
      text: `${decimal(row.dB!, 1)} dB`,
      colour: styles.get(formOf(row))!.colour,
    })),
    { mark: "bar", axis: "SQNR, dB", format: decimal, width: options.width },
  );
  return {
    ...chart,
    key: [...styles].map(([label, { colour }]) => ({ label, colour, glyph: "bar" })),
  };
}

/** What a node is, which is not always what it was asked to be. */
function formOf({ asked, applied = asked }: PlanRow): string {
  return applied;
}

function labelOf({ node, path, opType }: PlanRow): string {
  return path === "" ? node : `${path} · ${opType}`;
}
