import * as Plot from "@observablehq/plot";
import type { Study } from "../record/study_record.ts";
import type { Chart, Key } from "./chart.ts";
import { count, decimal, isRelative, metricFormat, plural, signed } from "./format.ts";
import type { Box } from "./labels.ts";
import { decimalsOf, drawPlot, linked, px, SHAPED, UNTOUCHED } from "./plot.ts";
import { COLOURS, INK, MUTED, PAPER, RULE, type Shape } from "./theme.ts";
import { entriesOf, type MeasuredEntry } from "./trials.ts";
import { baselineWords } from "../record/given_record.ts";

/** Trials that differ in the number of calibration samples alone. */
export interface SampleSeries {
  readonly name: string;
  /** Fewest samples first; two or more. */
  readonly points: readonly { readonly samples: number; readonly entry: MeasuredEntry }[];
}

/** The series of a study that were measured with several numbers of calibration samples. */
export function sampleSeries(study: Study): SampleSeries[] {
  const { measured } = entriesOf(study);
  const calibrated = measured.filter(({ trial }) => trial.calibration);
  const groups = Map.groupBy(calibrated, ({ trial }) => trial.calibration!.series);
  return [...groups].map(([name, entries]): SampleSeries => ({
    name,
    points: entries.map((entry) => ({ samples: entry.trial.calibration!.samples, entry }))
      .sort((a, b) => a.samples - b.samples),
  })).filter(({ points }) => new Set(points.map(({ samples }) => samples)).size > 1)
    .sort((a, b) => a.name < b.name ? -1 : 1);
}

const SIZE = 12;

const LOOKS: readonly { readonly colour: string; readonly shape: Shape }[] = [
  { colour: COLOURS.blue, shape: "circle" },
  { colour: COLOURS.orange, shape: "square" },
  { colour: COLOURS.green, shape: "triangle" },
  { colour: COLOURS.purple, shape: "down" },
  { colour: COLOURS.sky, shape: "diamond" },
  { colour: INK, shape: "cross" },
];

/**
 * What each number of calibration samples makes of the metric, with 95 % intervals: how few are enough.
 * Drawn is the paired difference from float32, or the value where the metric is closeness to float32.
 */
export function samplesChart(study: Study, options: { width?: number } = {}): Chart {
  const { width = 960 } = options;
  const narrow = width < 560;
  const height = narrow ? 280 : 330;
  const frame = { x1: narrow ? 44 : 52, y1: 32, x2: width - 8, y2: height - 42 };
  const all = sampleSeries(study);
  const series = all.slice(0, LOOKS.length);
  const sizes = sizesOf(series);
  const x = sizeScale(sizes, frame, narrow ? 22 : 40);
  const points = place(study, series, x, narrow ? 5 : 7);
  const levels = levelsOf(study);
  const body = drawPlot({
    width,
    height,
    marginLeft: frame.x1,
    marginRight: width - frame.x2,
    marginTop: frame.y1,
    marginBottom: height - frame.y2,
    y: { type: "linear", domain: domainOf(points, levels), range: [frame.y2, frame.y1] },
    marks: [
      axis(isRelative(study)),
      heading(titleOf(study, narrow), frame),
      sizeLabels(sizes, x),
      levels.map(levelMarks),
      curves(points),
    ],
  });
  return {
    width,
    height,
    body,
    key: series.map(({ name }, i): Key => ({
      label: name,
      colour: LOOKS[i]!.colour,
      glyph: LOOKS[i]!.shape,
    })),
    note: noteOf(study, all.length - series.length),
  };
}

/** Numbers of samples that any of the series has, fewest first. */
function sizesOf(series: readonly SampleSeries[]): number[] {
  const sizes = series.flatMap(({ points }) => points.map(({ samples }) => samples));
  return [...new Set(sizes)].sort((a, b) => a - b);
}

/** Logarithmic, with room for the points on both sides and for the names of levels at the right. */
function sizeScale(sizes: readonly number[], { x1, x2 }: Box, inset: number): Plot.Scale {
  return Plot.scale({
    x: {
      type: "log",
      domain: [sizes[0]!, sizes.at(-1)!],
      range: [x1 + inset, x2 - inset - 40],
    },
  });
}

/** A trial of a series with its place and looks. */
interface Point {
  /** Where it stands, px. */
  readonly x: number;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** Index of its series. */
  readonly series: number;
  readonly number: number;
  readonly colour: string;
  readonly shape: Shape;
}

/** Places trials of one size side by side, `step` apart, so that no interval hides another. */
function place(
  study: Study,
  series: readonly SampleSeries[],
  x: Plot.Scale,
  step: number,
): Point[] {
  const relative = isRelative(study);
  return series.flatMap(({ points }, i) => {
    const aside = (i - (series.length - 1) / 2) * step;
    return points.map(({ samples, entry: { accuracy, number } }): Point => {
      const { value, low, high } = relative ? accuracy.value : accuracy.difference;
      return { x: x.apply(samples) + aside, value, low, high, series: i, number, ...LOOKS[i]! };
    });
  });
}

/** A height that the points are held against. */
interface Level {
  readonly at: number;
  readonly label: string;
  readonly dashes: string;
  /** Whether its name stands below its line: away from the other level. */
  readonly below: boolean;
}

function levelsOf(study: Study): Level[] {
  const { metric: { higherIsBetter }, maxDrop, baseline: { selection } } = study;
  const relative = isRelative(study);
  const float32 = relative ? selection.value : 0;
  const budget = float32 + (higherIsBetter ? -maxDrop : maxDrop);
  return [
    { at: budget, label: "budget", dashes: "1.5 3", below: higherIsBetter },
    // Of a relative metric float32 is perfect, and far above all there is to see.
    ...relative
      ? []
      : [{ at: float32, label: baselineWords(study).zero, dashes: "5 4", below: !higherIsBetter }],
  ];
}

/** All intervals and levels, with some air. */
function domainOf(points: readonly Point[], levels: readonly Level[]): [number, number] {
  const values = [...points.flatMap(({ low, high }) => [low, high]), ...levels.map(({ at }) => at)];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const pad = (high - low) * 0.06 || 1;
  return [low - pad, high + pad];
}

/** What the heights are; on how many samples, if there is room for it. */
function titleOf(study: Study, narrow: boolean): string {
  const relative = isRelative(study);
  const { metric, baseline: { selection } } = study;
  const { heading, differenceUnit } = metricFormat(study);
  const title = relative
    ? heading
    : `${metric.name} minus ${baselineWords(study).outputs}'s${
      differenceUnit && `,${differenceUnit}`
    }`;
  const on = `, on ${relative ? "" : "the same "}${plural(selection.n, "selection sample")}`;
  return narrow ? title : title + on;
}

/** Grid and ticks; values of a relative metric, else differences with their sign. */
function axis(relative: boolean): Plot.Markish[] {
  return [
    Plot.gridY({ ticks: 6, stroke: RULE, strokeWidth: 0.75, strokeOpacity: 0.6 }),
    Plot.axisY({
      ticks: 6,
      fontSize: SIZE,
      tickSize: 0,
      tickPadding: 7,
      label: null,
      tickFormat: (tick: number, _: number, ticks: readonly number[] = []) =>
        (relative ? decimal : signed)(tick, decimalsOf(ticks)),
    }),
  ];
}

function heading(title: string, { x1, y1 }: Box): Plot.Markish {
  return Plot.text([title], {
    frameAnchor: "top-left",
    textAnchor: "start",
    lineAnchor: "bottom",
    dx: -x1,
    dy: 14 - y1,
  });
}

function sizeLabels(sizes: readonly number[], x: Plot.Scale): Plot.Markish[] {
  return [
    Plot.text(sizes, {
      x: px((size: number) => x.apply(size)),
      frameAnchor: "bottom",
      dy: 14,
      text: (size) => count(size),
    }),
    Plot.text(["calibration samples"], { frameAnchor: "bottom", dy: 36, lineAnchor: "bottom" }),
  ];
}

function levelMarks({ at, label, dashes, below }: Level): Plot.Markish[] {
  return [
    Plot.ruleY([at], { stroke: INK, strokeOpacity: 0.5, strokeDasharray: dashes }),
    Plot.text([label], {
      y: [at],
      frameAnchor: "right",
      textAnchor: "end",
      lineAnchor: below ? "top" : "bottom",
      dy: below ? 4 : -4,
      fontSize: 11,
      fill: MUTED,
    }),
  ];
}

/** A line through each series, and dots with intervals on it. */
function curves(points: readonly Point[]): Plot.Markish[] {
  const x = px("x");
  return [
    Plot.line(points, { x, y: "value", z: "series", stroke: "colour", strokeWidth: 1.5 }),
    Plot.ruleX(points, {
      x,
      y1: "low",
      y2: "high",
      stroke: "colour",
      strokeWidth: 1.75,
      strokeOpacity: 0.6,
      ...UNTOUCHED,
    }),
    Plot.dot(points, {
      ...SHAPED,
      x,
      y: "value",
      r: 4.5,
      fill: "colour",
      stroke: PAPER,
      strokeWidth: 1,
      ...linked("dot", points.map(({ number }) => number)),
    }),
  ];
}

function noteOf(study: Study, rest: number): string {
  return `Bars: 95 % intervals${isRelative(study) ? "" : " of the paired difference"}.` +
    (rest > 0 ? ` ${rest} more in the table.` : "");
}
