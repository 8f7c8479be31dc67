import type { Plot } from "./chart.ts";
import { element, pathData } from "./element.ts";
import type { Markup } from "./markup.ts";
import { linearScale, type Scale } from "./scale.ts";
import { ellipsis, textWidth } from "./text_width.ts";
import { dot, HALO, INK, MUTED, RULE, type Shape } from "./theme.ts";

/** One row of a {@linkcode rowChart}. */
export interface ChartRow {
  /** Number in the trial table, which links rows of charts and tables; without, nothing is linked. */
  readonly number?: number;
  readonly label: string;
  readonly value: number;
  /** Ends of the interval, where there is one. */
  readonly low?: number;
  readonly high?: number;
  /** Written at the right end of the row. */
  readonly text: string;
  /** The same for a phone, where the row's name needs the room. @default the text */
  readonly shortText?: string;
  readonly colour: string;
  readonly shape?: Shape;
  /** A bar to compare with, drawn above the row's own. */
  readonly above?: { readonly value: number; readonly colour: string };
  /** Set in semibold: the winner, the baseline. */
  readonly strong?: boolean;
}

/** A vertical line through all rows. */
export interface ChartLine {
  readonly at: number;
  /** Written above it. */
  readonly label: string;
  readonly dashes: string;
}

/** Options for {@linkcode rowChart}. */
export interface RowChartOptions {
  /** Bars start at 0; dots stand where they are. */
  mark: "bar" | "dot";
  /** Title of the axis; what follows its last comma goes where the drawing is narrow. */
  axis: string;
  /** How an axis value is written, given the decimals that tell its ticks apart. */
  format: (value: number, decimals: number) => string;
  /** Ends of the axis; marks beyond stand at the edge with an arrow. @default all values */
  domain?: readonly [number, number];
  /** Guide lines. @default {[]} */
  lines?: readonly ChartLine[];
  /** Width of the drawing, px. Below 560 labels stand above their marks. @default {960} */
  width?: number;
}

const SIZE = 12;

/** Where the parts of the chart stand, px. */
interface Layout {
  readonly narrow: boolean;
  readonly width: number;
  /** Ends of the axis. */
  readonly left: number;
  readonly right: number;
  /** Ends of the rows. */
  readonly top: number;
  readonly bottom: number;
  /** Height of a row. */
  readonly pitch: number;
  /** Width of the column of labels; 0 where they stand above their marks. */
  readonly labelRoom: number;
  readonly x: Scale;
}

/**
 * A row for each thing compared: its name, a bar or a dot with its interval, and its value in figures.
 * Reads well from one row to a hundred.
 */
export function rowChart(rows: readonly ChartRow[], options: RowChartOptions): Plot {
  const { mark, lines = [] } = options;
  const layout = layoutOf(rows, options);
  const { top, bottom, width, x } = layout;
  const guides = lines.toSorted((a, b) => a.at - b.at).map(({ at, label, dashes }, i, all) => [
    element("path", {
      d: pathData("M", x.at(at), top - 4, "V", bottom),
      stroke: INK,
      "stroke-opacity": 0.55,
      "stroke-dasharray": dashes,
    }),
    element(
      "text",
      { x: x.at(at), y: top - 9, "text-anchor": side(i, all), "font-size": 11, fill: MUTED },
      label,
    ),
  ]);
  /** Two neighbours whose names would touch lean away from each other. */
  function side(i: number, all: readonly ChartLine[]): string {
    const near = (j: number) => {
      const other = all[j];
      if (other === undefined) return false;
      const room = Math.abs(x.at(other.at) - x.at(all[i]!.at));
      return room < textWidth(`${other.label}  ${all[i]!.label}`, 11) / 2;
    };
    return near(i + 1) ? "end" : near(i - 1) ? "start" : "middle";
  }
  const parts = [
    drawAxis(layout, options),
    guides,
    ...rows.map((row, i) => drawRow(row, i, mark, layout)),
  ];
  return {
    width,
    height: bottom + 6,
    body: element("g", {}, parts.map((part) => [part, "\n"])),
    key: [],
    note: "",
  };
}

function layoutOf(rows: readonly ChartRow[], options: RowChartOptions): Layout {
  const { mark, lines = [], width = 960 } = options;
  const narrow = width < 560;
  const longest = (part: "label" | "text") =>
    Math.max(0, ...rows.map((row) => textWidth(row[part], SIZE, row.strong)));
  const labelRoom = narrow ? 0 : Math.min(width * 0.42, Math.ceil(longest("label")));
  const textRoom = narrow ? 0 : Math.ceil(longest("text"));
  const [left, right] = narrow ? [2, width - 2] : [labelRoom + 14, width - textRoom - 14];
  const top = lines.length > 0 ? 60 : 44;
  const pitch = narrow ? 36 : 22;

  const values = rows.flatMap(({ value, low = value, high = value, above }) => [
    ...[value, low, high, above?.value ?? value],
  ]);
  const [low, high] = options.domain ?? [Math.min(...values), Math.max(...values)];
  const pad = (high - low) * 0.05 || Math.abs(high) * 0.1 || 1;
  const domain = mark === "bar" ? [0, high * 1.02 || 1] as const : [low - pad, high + pad] as const;
  const x = linearScale(domain, [left, right], narrow ? 5 : 7);
  return {
    narrow,
    width,
    left,
    right,
    top,
    bottom: top + rows.length * pitch,
    pitch,
    labelRoom,
    x,
  };
}

function drawAxis(layout: Layout, { axis, format }: RowChartOptions): Markup {
  const { x, narrow, left, top, bottom } = layout;
  const title = narrow && textWidth(axis, SIZE) > layout.width
    ? axis.slice(0, axis.lastIndexOf(","))
    : axis;
  const grid = x.ticks.map((tick) => pathData("M", x.at(tick), top, "V", bottom)).join("");
  return element(
    "g",
    { "font-size": SIZE, fill: INK },
    element("path", { d: grid, stroke: RULE, "stroke-width": 0.75, opacity: 0.6 }),
    element("text", { x: narrow ? 0 : left, y: 14 }, title),
    x.ticks.map((tick) =>
      element(
        "text",
        { x: x.at(tick), y: 34, "text-anchor": anchorOf(x.at(tick), layout) },
        format(tick, x.decimals),
      )
    ),
  );
}

/** Keeps the figures at the ends of the axis inside the drawing. */
function anchorOf(x: number, { narrow, left, right }: Layout): string {
  if (narrow && x < left + 8) return "start";
  return narrow && x > right - 8 ? "end" : "middle";
}

function drawRow(row: ChartRow, i: number, mark: "bar" | "dot", layout: Layout): Markup {
  const { narrow, width, top, pitch, labelRoom } = layout;
  const center = top + i * pitch + (narrow ? 26 : pitch / 2);
  const y = narrow ? center - 10 : center + 4;
  const text = narrow ? row.shortText ?? row.text : row.text;
  const room = narrow ? width - textWidth(text, SIZE, row.strong) - 10 : labelRoom;
  const weight = row.strong ? 600 : undefined;
  return element(
    "g",
    { class: row.number === undefined ? undefined : "row", "data-trial": row.number },
    // Gives the whole row, not only its ink, to the pointer.
    element("rect", { y: top + i * pitch, width, height: pitch, fill: "#fff", "fill-opacity": 0 }),
    element(
      "g",
      { "font-size": SIZE, "font-weight": weight, ...(narrow ? HALO : {}) },
      element(
        "text",
        { x: labelRoom, y, "text-anchor": narrow ? undefined : "end", fill: INK },
        ellipsis(row.label, SIZE, room, row.strong),
      ),
      element(
        "text",
        { x: width, y, "text-anchor": "end", fill: row.strong ? INK : MUTED },
        text,
      ),
    ),
    mark === "bar" ? drawBar(row, center, layout) : drawDot(row, center, layout),
  );
}

function drawBar(row: ChartRow, center: number, layout: Layout): Markup {
  const { x } = layout;
  const { above } = row;
  const bar = (value: number, fill: string, y: number, height: number) => {
    const width = Math.max(inside(x.at(value), layout) - x.at(0), 0.5);
    return element("rect", { x: x.at(0), y, width, height, fill });
  };
  const bars = above
    ? [bar(above.value, above.colour, center - 8, 7), bar(row.value, row.colour, center, 7)]
    : [bar(row.value, row.colour, center - 6, 12)];
  return element("g", {}, bars, drawInterval(row, center, INK, layout));
}

function drawDot(row: ChartRow, center: number, layout: Layout): Markup {
  const { left, right, x } = layout;
  const at = x.at(row.value);
  const beyond = at > right ? 1 : at < left ? -1 : 0;
  const shown = beyond > 0 ? right - 12 : beyond < 0 ? left + 12 : at;
  const paint = { fill: row.colour, stroke: "#fff", "stroke-width": 1 };
  return element(
    "g",
    {},
    drawInterval(row, center, row.colour, layout),
    beyond !== 0 && element("path", {
      d: pathData("M", shown + beyond * 7, center - 4, "v", 8, "l", beyond * 5, -4, "z"),
      fill: row.colour,
    }),
    dot(row.shape ?? "circle", shown, center, 5, paint),
  );
}

function drawInterval(row: ChartRow, y: number, stroke: string, layout: Layout) {
  if (row.low === undefined || row.high === undefined) return undefined;
  const [from, to] = [row.low, row.high].map((value) => inside(layout.x.at(value), layout));
  const d = pathData("M", from!, y, "H", to!);
  return element("path", { d, stroke, "stroke-width": 1.75, "stroke-opacity": 0.7 });
}

function inside(x: number, { left, right }: Layout): number {
  return Math.min(Math.max(x, left), right);
}
