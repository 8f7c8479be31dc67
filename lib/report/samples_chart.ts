import * as Plot from "@observablehq/plot";
import type { Study } from "../record/study_record.ts";
import type { Chart, Key } from "./chart.ts";
import { count, decimal, isRelative, metricFormat, plural, signed } from "./format.ts";
import { decimalsOf, drawPlot, linked, px, SHAPED, UNTOUCHED } from "./plot.ts";
import { COLOURS, INK, MUTED, RULE, type Shape } from "./theme.ts";
import { entriesOf, type MeasuredEntry as Measured } from "./trials.ts";

/** Trials that differ in the number of calibration samples alone. */
export interface SampleSeries {
  readonly name: string;
  /** Fewest samples first; two or more. */
  readonly points: readonly { readonly samples: number; readonly entry: Measured }[];
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
  const all = sampleSeries(study);
  const series = all.slice(0, LOOKS.length);
  const format = metricFormat(study);
  const relative = isRelative(study);
  const { metric, maxDrop, baseline: { selection } } = study;
  const float32 = relative ? selection.value : 0;
  const budget = float32 + (metric.higherIsBetter ? -maxDrop : maxDrop);

  const points = series.flatMap(({ points }, i) =>
    points.map(({ samples, entry }) => {
      const { value, low, high } = relative ? entry.accuracy.value : entry.accuracy.difference;
      // Side by side, so that no interval hides another.
      const aside = (i - (series.length - 1) / 2) * (narrow ? 5 : 7);
      return { samples, value, low, high, aside, series: i, number: entry.number, ...LOOKS[i]! };
    })
  );
  const ends = points.flatMap(({ low, high }) => [low, high]);
  // Of a relative metric float32 is perfect, and far above all there is to see.
  const lines = [
    { at: budget, label: "budget", dashes: "1.5 3", below: metric.higherIsBetter },
    ...relative
      ? []
      : [{ at: float32, label: "float32", dashes: "5 4", below: !metric.higherIsBetter }],
  ];
  const values = [...ends, ...lines.map(({ at }) => at)];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const pad = (high - low) * 0.06 || 1;
  const sizes = [...new Set(points.map(({ samples }) => samples))].sort((a, b) => a - b);
  const [height, left, right] = [narrow ? 280 : 330, narrow ? 44 : 52, width - 8];
  const [top, bottom] = [32, height - 42];
  const inset = narrow ? 22 : 40;
  const x = Plot.scale({
    x: {
      type: "log",
      domain: [sizes[0]!, sizes.at(-1)!],
      range: [left + inset, right - inset - 40],
    },
  });
  const at = ({ samples, aside }: { samples: number; aside: number }) => x.apply(samples) + aside;
  const title = relative ? format.heading : `${metric.name} minus float32's` +
    (format.differenceUnit && `,${format.differenceUnit}`);
  const on = `, on ${relative ? "" : "the same "}${plural(selection.n, "selection sample")}`;
  const body = drawPlot({
    width,
    height,
    marginLeft: left,
    marginRight: width - right,
    marginTop: top,
    marginBottom: height - bottom,
    y: { type: "linear", domain: [low - pad, high + pad], range: [bottom, top] },
    marks: [
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
      Plot.text([narrow ? title : title + on], {
        frameAnchor: "top-left",
        textAnchor: "start",
        lineAnchor: "bottom",
        dx: -left,
        dy: 14 - top,
      }),
      Plot.text(sizes, {
        x: px((size: number) => x.apply(size)),
        frameAnchor: "bottom",
        dy: 14,
        text: (size) => count(size),
      }),
      Plot.text(["calibration samples"], { frameAnchor: "bottom", dy: 36, lineAnchor: "bottom" }),
      lines.map(({ at, label, dashes, below }) => [
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
      ]),
      Plot.line(points, { x: px(at), y: "value", z: "series", stroke: "colour", strokeWidth: 1.5 }),
      Plot.ruleX(points, {
        x: px(at),
        y1: "low",
        y2: "high",
        stroke: "colour",
        strokeWidth: 1.75,
        strokeOpacity: 0.6,
        ...UNTOUCHED,
      }),
      Plot.dot(points, {
        ...SHAPED,
        x: px(at),
        y: "value",
        r: 4.5,
        fill: "colour",
        stroke: "#fff",
        strokeWidth: 1,
        ...linked("dot", points.map(({ number }) => number)),
      }),
    ],
  });
  const rest = all.length - series.length;
  return {
    width,
    height,
    body,
    key: series.map(({ name }, i): Key => {
      return { label: name, colour: LOOKS[i]!.colour, glyph: LOOKS[i]!.shape };
    }),
    note: `Bars: 95 % intervals${relative ? "" : " of the paired difference"}.` +
      (rest > 0 ? ` ${rest} more in the table.` : ""),
  };
}
