import * as Plot from "@observablehq/plot";
import type { Chart } from "./chart.ts";
import { decimalsOf, drawPlot, linked, px, SHAPED, UNTOUCHED } from "./plot.ts";
import { ellipsis, textWidth, wrapText } from "./text_width.ts";
import { HALO, INK, MUTED, PAPER, RULE, type Shape } from "./theme.ts";

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
  /** What the bar is made of, from the left, in place of one colour; they add up to the value. */
  readonly parts?: readonly { readonly value: number; readonly colour: string }[];
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
  /** Width of the drawing, px. @default {960} */
  width?: number;
  /** Labels and figures stand above their marks. @default {below a width of 560} */
  narrow?: boolean;
}

const SIZE = 12;

/** Height of a line of text, px. */
const LINE = 15;

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
  /** From the middle of a row down to that of its mark: where narrow, its texts stand above. */
  readonly dy: number;
  /** Width of the column of labels; 0 where they stand above their marks. */
  readonly labelRoom: number;
  readonly x: Plot.Scale;
}

/**
 * A row for each thing compared: its name, a bar or a dot with its interval, and its value in figures.
 * Reads well from one row to a hundred.
 */
export function rowChart(rows: readonly ChartRow[], options: RowChartOptions): Chart {
  const layout = layoutOf(rows, options);
  const { top, bottom, left, right, width, x } = layout;
  const height = bottom + 6;
  const body = drawPlot({
    width,
    height,
    marginTop: top,
    marginBottom: height - bottom,
    marginLeft: left,
    marginRight: width - right,
    x,
    y: {
      type: "band",
      domain: rows.map((_, i) => i),
      range: [top, bottom],
      padding: 0,
      axis: null,
    },
    marks: [
      // Gives the whole row, not only its ink, to the pointer.
      Plot.barX(rows, {
        x1: px(() => 0),
        x2: px(() => width),
        y: position,
        fill: PAPER,
        fillOpacity: 0,
        ...linked("row", rows.map(({ number }) => number)),
      }),
      axis(layout, options),
      guides(layout, options),
      texts(rows, layout),
      options.mark === "bar" ? bars(rows, layout) : dots(rows, layout),
    ],
  });
  return { width, height, body, key: [], note: "" };
}

/** Rows stand in the order given. */
function position(_: unknown, i: number): number {
  return i;
}

function layoutOf(rows: readonly ChartRow[], options: RowChartOptions): Layout {
  const { mark, lines: guides = [], width = 960 } = options;
  const { narrow = width < 560 } = options;
  const longest = (part: "label" | "text") =>
    Math.max(0, ...rows.map((row) => textWidth(row[part], SIZE, row.strong)));
  const labelRoom = narrow ? 0 : Math.min(width * 0.55, Math.ceil(longest("label")));
  const textRoom = narrow ? 0 : Math.ceil(longest("text"));
  // Where narrow, the figures at the ends of the axis need some room too.
  const [left, right] = narrow ? [4, width - 12] : [labelRoom + 14, width - textRoom - 14];
  const top = guides.length > 0 ? 60 : 44;
  // Where narrow, a name that is longer than a line takes several.
  const lines = narrow ? Math.max(1, ...rows.map((row) => labelLines(row, width).length)) : 1;
  const pitch = narrow ? 36 + LINE * (lines - 1) : 22;

  const values = rows.flatMap(({ value, low = value, high = value, above }) => [
    ...[value, low, high, above?.value ?? value],
  ]);
  const [low, high] = options.domain ?? [Math.min(...values), Math.max(...values)];
  const pad = (high - low) * 0.05 || Math.abs(high) * 0.1 || 1;
  const domain = mark === "bar" ? [0, high * 1.02 || 1] : [low - pad, high + pad];
  return {
    narrow,
    width,
    left,
    right,
    top,
    bottom: top + rows.length * pitch,
    pitch,
    dy: narrow ? 8 + LINE * (lines - 1) / 2 : 0,
    labelRoom,
    x: Plot.scale({ x: { type: "linear", domain, range: [left, right], clamp: true } }),
  };
}

function axis({ narrow, width, left, right, top }: Layout, { axis, format }: RowChartOptions) {
  const title = narrow && textWidth(axis, SIZE) > width
    ? axis.slice(0, axis.lastIndexOf(","))
    : axis;
  const ticks = Math.min(narrow ? 5 : 7, Math.max(2, Math.round((right - left) / 45)));
  return [
    Plot.gridX({ ticks, stroke: RULE, strokeWidth: 0.75, strokeOpacity: 0.6, ...UNTOUCHED }),
    Plot.axisX({
      anchor: "top",
      ticks,
      fontSize: SIZE,
      label: null,
      tickSize: 0,
      tickPadding: top - 34,
      tickFormat: (tick: number, _: number, ticks: readonly number[] = []) =>
        format(tick, decimalsOf(ticks)),
    }),
    Plot.text([title], {
      frameAnchor: "top-left",
      textAnchor: "start",
      lineAnchor: "bottom",
      dx: narrow ? -left : 0,
      dy: 14 - top,
    }),
  ];
}

function guides({ x }: Layout, { lines = [] }: RowChartOptions): Plot.Markish[] {
  const sorted = lines.toSorted((a, b) => a.at - b.at);
  /** Two neighbours whose names would touch lean away from each other. */
  const side = ({ at, label }: ChartLine, i: number) => {
    const near = (other: ChartLine | undefined) =>
      other !== undefined &&
      Math.abs(x.apply(other.at) - x.apply(at)) < textWidth(`${other.label}  ${label}`, 11) / 2;
    return near(sorted[i + 1]) ? "end" : near(sorted[i - 1]) ? "start" : "middle";
  };
  return sorted.map((line, i) => [
    Plot.ruleX([line.at], {
      insetTop: -4,
      stroke: INK,
      strokeOpacity: 0.55,
      strokeDasharray: line.dashes,
      ...UNTOUCHED,
    }),
    Plot.text([line.label], {
      x: [line.at],
      frameAnchor: "top",
      lineAnchor: "bottom",
      dy: -9,
      textAnchor: side(line, i),
      fontSize: 11,
      fill: MUTED,
    }),
  ]);
}

/** The figures of a row where it is narrow. */
function figuresOf({ text, shortText = text }: ChartRow): string {
  return shortText;
}

/** The name of a row where it is narrow, beside its figures. */
function labelLines(row: ChartRow, width: number): string[] {
  const room = width - textWidth(figuresOf(row), SIZE, row.strong) - 10;
  return wrapText(row.label, row.strong ? SIZE * 1.12 : SIZE, room)
    .map((line) => ellipsis(line, SIZE, room, row.strong));
}

/** Name and figures of each row: at its ends, or above its mark where narrow. */
function texts(rows: readonly ChartRow[], { narrow, width, labelRoom, dy }: Layout) {
  const figures = (row: ChartRow) => narrow ? figuresOf(row) : row.text;
  // Weight is the same for all texts of a mark.
  return [true, false].map((strong) => {
    const style = {
      y: position,
      dy: narrow ? dy - 10 : 0,
      filter: (row: ChartRow) => Boolean(row.strong) === strong,
      fontWeight: strong ? 600 : 400,
      ...(narrow ? HALO : {}),
      ...UNTOUCHED,
    };
    return [
      Plot.text(rows, {
        ...style,
        x: px(() => labelRoom),
        text: (row) =>
          narrow ? labelLines(row, width).join("\n") : ellipsis(row.label, SIZE, labelRoom, strong),
        lineAnchor: narrow ? "bottom" : "middle",
        lineHeight: LINE / SIZE,
        textAnchor: narrow ? "start" : "end",
        fill: INK,
      }),
      Plot.text(rows, {
        ...style,
        x: px(() => width),
        text: figures,
        textAnchor: "end",
        lineAnchor: narrow ? "bottom" : "middle",
        fill: strong ? INK : MUTED,
      }),
    ];
  });
}

function bars(rows: readonly ChartRow[], layout: Layout): Plot.Markish[] {
  const { x, pitch, left, dy } = layout;
  const hairline = x.invert!(left + 0.5);
  /** Bars between two heights about the middle of their marks. */
  const between = (from: number, to: number) => ({
    y: position,
    x1: 0,
    insetTop: pitch / 2 + dy + from,
    insetBottom: pitch / 2 - dy - to,
    ...UNTOUCHED,
  });
  const own = { x2: ({ value }: ChartRow) => Math.max(value, hairline), fill: "colour" };
  return [
    Plot.barX(rows, {
      ...between(-8, -1),
      filter: "above",
      x2: ({ above }) => above?.value,
      fill: ({ above }) => above?.colour,
    }),
    Plot.barX(rows, { ...between(0, 7), ...own, filter: "above" }),
    Plot.barX(rows, { ...between(-6, 6), ...own, filter: ({ above, parts }) => !above && !parts }),
    Plot.barX(rows.flatMap(partsOf), {
      ...between(-6, 6),
      y: "row",
      x1: "from",
      x2: "to",
      fill: "colour",
    }),
    intervals(rows, layout, INK),
  ];
}

/** The parts of a row's bar, and where each begins and ends. */
function partsOf({ parts = [] }: ChartRow, row: number) {
  let to = 0;
  return parts.map(({ value, colour }) => ({ row, colour, from: to, to: to += value }));
}

function dots(rows: readonly ChartRow[], layout: Layout): Plot.Markish[] {
  const { left, right, dy, x } = layout;
  const [low, high] = x.domain as [number, number];
  const beyond = ({ value }: ChartRow) => value > high ? 1 : value < low ? -1 : 0;
  /** Marks beyond the axis stand at its end, with an arrow that tells so. */
  const at = (row: ChartRow) =>
    [x.apply(row.value), right - 12, left + 12].at(beyond(row)) as number;
  const style = { y: position, dy, fill: "colour", ...UNTOUCHED };
  return [
    intervals(rows, layout, "colour"),
    Plot.dot(rows, {
      ...style,
      filter: (row) => beyond(row) !== 0,
      x: px((row: ChartRow) => at(row) + 9 * beyond(row)),
      symbol: "triangle",
      rotate: (row) => 90 * beyond(row),
      r: 2.5,
    }),
    Plot.dot(rows.map((row) => ({ shape: "circle" as const, ...row })), {
      ...style,
      ...SHAPED,
      x: px(at),
      r: 5,
      stroke: PAPER,
      strokeWidth: 1,
    }),
  ];
}

function intervals(rows: readonly ChartRow[], { dy }: Layout, stroke: string): Plot.Markish {
  return Plot.ruleY(rows, {
    x1: "low",
    x2: "high",
    y: position,
    filter: ({ low, high }) => low !== undefined && high !== undefined,
    dy,
    stroke,
    strokeWidth: 1.75,
    strokeOpacity: 0.7,
    ...UNTOUCHED,
  });
}
