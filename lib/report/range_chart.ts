import * as Plot from "@observablehq/plot";
import type { RangesRecord, TensorRange } from "../record/ranges_record.ts";
import type { Chart } from "./chart.ts";
import { count, decimal, plural } from "./format.ts";
import { type Markup, markup } from "./markup.ts";
import { decimalsOf, drawPlot, px } from "./plot.ts";
import { ellipsis, textWidth } from "./text_width.ts";
import { COLOURS, INK, MUTED, RULE } from "./theme.ts";

const SIZE = 12;

/** Heights of the parts of a panel, px. */
const [HEAD, BARS, AXIS, ROW, FOOT] = [28, 70, 20, 17, 16];

/** Where the bars of the histogram stand, px. */
const BOTTOM = HEAD + BARS;

/** Room between two panels side by side, px. */
const GAP = 36;

/** Options for {@linkcode rangeChart}. */
export interface RangeChartOptions {
  /** Width of the drawing, px. Below 560 panels stand one above the other. @default {960} */
  width?: number;
}

/**
 * A panel for each tensor: the histogram of what calibration saw, with logarithmic counts, and below it
 * on the same axis the range that each observer keeps, with the SQNR of rounding to uint8 over it.
 */
export function rangeChart(ranges: RangesRecord, options: RangeChartOptions = {}): Chart {
  const { width = 960 } = options;
  const { tensors, others, samples } = ranges;
  const columns = width < 560 || tensors.length === 1 ? 1 : 2;
  const panelWidth = (width - GAP * (columns - 1)) / columns;
  const rows = Math.max(0, ...tensors.map(({ clips }) => clips.length));
  const panelHeight = HEAD + BARS + AXIS + ROW * rows + FOOT;
  const panels = tensors.map((tensor, i) => {
    const x = (i % columns) * (panelWidth + GAP);
    const y = Math.floor(i / columns) * panelHeight;
    return markup`<g transform="translate(${x} ${y})">${
      panel(tensor, panelWidth, panelHeight)
    }</g>\n`;
  });
  return {
    width,
    height: Math.ceil(tensors.length / columns) * panelHeight,
    body: markup`${panels}`,
    key: [],
    note: `Values of ${plural(samples, "calibration sample")}; heights are logarithms of counts. ` +
      "Below, the range that each observer keeps, and the SQNR of all values after rounding to " +
      "uint8; the best in bold." +
      (others > 0 ? ` Observers agree more about ${plural(others, "other tensor")}.` : ""),
  };
}

function panel(tensor: TensorRange, width: number, height: number): Markup {
  const rows = rowsOf(tensor);
  const longest = Math.max(0, ...rows.map(({ observer }) => textWidth(observer, SIZE, true)));
  const [left, right] = [Math.min(width * 0.4, longest) + 10, width - 62];
  const x = Plot.scale({
    x: { type: "linear", domain: domainOf(tensor), range: [left, right] },
  });
  const last = BOTTOM + AXIS + ROW * rows.length;
  return drawPlot({
    width,
    height,
    marginTop: HEAD,
    marginBottom: height - BOTTOM,
    marginLeft: left,
    marginRight: width - right,
    x,
    y: { type: "linear", domain: [0, 1], range: [BOTTOM, HEAD], axis: null },
    marks: [
      heading(tensor, width),
      Plot.ruleX([0], { x: px([x.apply(0)]), y1: px([HEAD]), y2: px([last]), stroke: RULE }),
      histogram(tensor, x),
      axis(right - left),
      keptRanges(rows, x),
      rowTexts(rows.filter(({ best }) => best), 600, left - 10, width),
      rowTexts(rows.filter(({ best }) => !best), 400, left - 10, width),
    ],
  });
}

/** What one observer keeps, as it is written below the histogram. */
interface Row {
  readonly observer: string;
  readonly min: number;
  readonly max: number;
  /** Middle of its line, px. */
  readonly y: number;
  readonly text: string;
  readonly best: boolean;
}

function rowsOf({ clips }: TensorRange): Row[] {
  const best = Math.max(...clips.map(({ dB }) => dB ?? Infinity));
  return clips.map(({ observer, min, max, dB }, i) => ({
    observer,
    min,
    max,
    y: BOTTOM + AXIS + ROW * (i + 0.5),
    text: dB === null ? "exact" : `${decimal(dB, 1)} dB`,
    best: (dB ?? Infinity) === best,
  }));
}

/** All that was seen or is kept, and 0. */
function domainOf({ clips, histogram: { start, width, counts } }: TensorRange): [number, number] {
  return [
    Math.min(0, start, ...clips.map(({ min }) => min)),
    Math.max(0, start + width * counts.length, ...clips.map(({ max }) => max)),
  ];
}

function heading(tensor: TensorRange, width: number): Plot.Markish[] {
  const name = [tensor.path || tensor.tensor, tensor.opType || "input"].join(" · ");
  const values = `${count(tensor.count)} values`;
  return [
    Plot.text([ellipsis(name, SIZE, width - textWidth(values, 11) - 12, true)], {
      x: px([0]),
      y: px([14]),
      textAnchor: "start",
      fontWeight: 600,
    }),
    Plot.text([values], {
      x: px([width]),
      y: px([14]),
      textAnchor: "end",
      fontSize: 11,
      fill: MUTED,
    }),
  ];
}

function histogram({ histogram: { start, width, counts } }: TensorRange, x: Plot.Scale) {
  const bins = counts.map((count, i) => ({
    count,
    x1: x.apply(start + i * width),
    x2: x.apply(start + (i + 1) * width),
  })).filter(({ count }) => count > 0);
  const most = Math.max(1, ...counts);
  /** A single value is seen too. */
  const heightOf = (count: number) => Math.log(2 * count) / Math.log(2 * most);
  return [
    Plot.rect(bins, {
      x1: px("x1"),
      x2: px("x2"),
      y1: 0,
      y2: ({ count }: { count: number }) => heightOf(count),
      insetRight: 0.5,
      fill: MUTED,
      fillOpacity: 0.55,
    }),
    Plot.ruleY([0], { y: px([BOTTOM]), stroke: RULE }),
  ];
}

/** Ticks for an axis of this length, px. */
function axis(length: number): Plot.Markish {
  return Plot.axisX({
    ticks: Math.max(3, Math.floor(length / 70)),
    fontSize: 11,
    tickSize: 0,
    tickPadding: 5,
    label: null,
    fill: MUTED,
    tickFormat: (tick: number, _: number, ticks: readonly number[] = []) =>
      decimal(tick, decimalsOf(ticks)),
  });
}

function keptRanges(rows: readonly Row[], x: Plot.Scale): Plot.Markish {
  return Plot.link(rows, {
    x1: px(({ min }) => x.apply(min)),
    x2: px(({ max }) => x.apply(max)),
    y1: px("y"),
    y2: px("y"),
    stroke: ({ best }) => best ? COLOURS.blue : COLOURS.sky,
    strokeWidth: 7,
    strokeLinecap: "butt",
  });
}

/** Observers at the left, up to `nameEnd`, and what they reach at the right. */
function rowTexts(
  rows: readonly Row[],
  weight: 400 | 600,
  nameEnd: number,
  width: number,
): Plot.Markish[] {
  const bold = weight > 400;
  return [
    Plot.text(rows, {
      x: px(nameEnd),
      y: px("y"),
      text: ({ observer }) => ellipsis(observer, SIZE, nameEnd, bold),
      textAnchor: "end",
      fontWeight: weight,
    }),
    Plot.text(rows, {
      x: px(width),
      y: px("y"),
      text: "text",
      textAnchor: "end",
      fontWeight: weight,
      fill: bold ? INK : MUTED,
    }),
  ];
}
