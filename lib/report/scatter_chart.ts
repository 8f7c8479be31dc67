import * as Plot from "@observablehq/plot";
import type { Study } from "../record/study_record.ts";
import type { Chart, Key } from "./chart.ts";
import { factorInterval, isRelative, metricFormat, numbered, plural } from "./format.ts";
import { drawPlot, linked, px, SHAPED, UNTOUCHED } from "./plot.ts";
import { axes, budgetLabel, guides, tint } from "./scatter_axes.ts";
import { labels } from "./scatter_labels.ts";
import {
  type ScatterLayout,
  scatterLayout,
  type ScatterPoint,
  weightOf,
} from "./scatter_layout.ts";
import { ACCENT, BASELINE, type FamilyStyle, familyStyles, GOOD, INK, PAPER } from "./theme.ts";
import { entriesOf, type MeasuredEntry } from "./trials.ts";
import { baselineWords, givenValue } from "../record/given_record.ts";

/** Options for {@linkcode scatterChart}. */
export interface ScatterOptions {
  /** Width of the drawing, px. Below 560 it is laid out for a phone. @default {960} */
  width?: number;
}

/**
 * Accuracy against latency: one dot for each measured trial with both 95 % intervals, float32 with its
 * guide lines, the budget, and the Pareto front. Every dot carries its number in the trial table where
 * there is room for it; names are written for the winner, the front, and whoever stands free.
 */
export function scatterChart(study: Study, options: ScatterOptions = {}): Chart {
  const { width = 960 } = options;
  const narrow = width < 560;
  const height = narrow ? 330 : 470;
  const frame = { x1: narrow ? 38 : 46, y1: 28, x2: width - 2, y2: height - 44 };
  const layout = scatterLayout(study, frame);
  const { measured } = entriesOf(study);
  const styles = familyStyles(measured.map(({ trial }) => trial.family));
  const budget = budgetLabel(study, layout);
  // What matters most is drawn last, on top.
  const dots = layout.points.toSorted((a, b) => weightOf(a) - weightOf(b)).map((point): Dot => ({
    ...point,
    ...styles.get(point.entry.trial.family)!,
    number: point.entry.number,
    tip: tipOf(study, point.entry),
  }));
  const body = drawPlot({
    width,
    height,
    marginLeft: frame.x1,
    marginTop: frame.y1,
    marginRight: width - frame.x2,
    marginBottom: height - frame.y2,
    x: layout.x,
    y: layout.y,
    marks: [
      tint(study, layout),
      axes(study, layout, narrow),
      guides(layout),
      budget.mark,
      front(layout),
      bars(dots),
      float32(study, layout),
      trials(dots),
      labels(study, layout, { narrow, blocked: [budget.box] }),
    ],
  });
  const key: Key[] = [...styles].map(([label, { colour, shape }]) => ({
    label,
    colour,
    glyph: shape,
  }));
  if (layout.baseline) {
    key.unshift({ label: baselineWords(study).row, colour: INK, glyph: "diamond" });
  }
  if (layout.points.some(({ isWinner }) => isWinner)) {
    key.push({ label: "winner", colour: ACCENT, glyph: "ring" });
  }
  if (layout.front.length > 1) key.push({ label: "Pareto front", colour: FRONT, glyph: "line" });
  key.push({ label: "faster, within the budget", colour: GOOD, glyph: "area" });
  return {
    width,
    height,
    body,
    key,
    note: noteOf(study, layout),
  };
}

const FRONT = "#a3abb3";

/** A trial on the plane with its looks. */
interface Dot extends ScatterPoint, FamilyStyle {
  readonly number: number;
  readonly tip: string;
}

const AT = { x: px("x"), y: px("y") };

/** Steps: up to the time of the next point, only the accuracy of this one can be had. */
function front({ front: corners }: ScatterLayout): Plot.Markish {
  return Plot.line(corners, { ...AT, curve: "step-after", stroke: FRONT, strokeWidth: 2 });
}

function bars(dots: readonly Dot[]): Plot.Markish[] {
  const across = dots.filter(({ off }) => !off?.dx);
  const along = dots.filter((dot) => dot.along);
  const style = {
    stroke: "colour",
    strokeWidth: 1.25,
    strokeOpacity: px(({ onFront, isWinner }: Dot) => onFront || isWinner ? 0.8 : 0.3),
  };
  return [
    Plot.ruleY(across, {
      x1: px(({ across }: Dot) => across[0]),
      x2: px(({ across }: Dot) => across[1]),
      y: AT.y,
      ...style,
      ...linked("bars", across.map(({ number }) => number)),
    }),
    Plot.ruleX(along, {
      x: AT.x,
      y1: px(({ along }: Dot) => along![0]),
      y2: px(({ along }: Dot) => along![1]),
      ...style,
      ...linked("bars", along.map(({ number }) => number)),
    }),
  ];
}

function float32(study: Study, { one: x, baseline }: ScatterLayout): Plot.Markish {
  if (baseline === undefined) return undefined;
  const { y, along: [y1, y2] } = baseline;
  const selection = givenValue(study);
  const format = metricFormat(study);
  const tip = `${baselineWords(study).row}\n${study.metric.name} ${
    format.value(selection.value)
  }${format.unit} ${format.range(selection)}`;
  return [
    Plot.ruleX([0], { x: px([x]), y1: px([y1]), y2: px([y2]), stroke: INK, strokeOpacity: 0.8 }),
    Plot.dot([{ ...BASELINE, x, y, tip }], {
      ...AT,
      ...SHAPED,
      r: 6,
      fill: "colour",
      title: "tip",
      ...OUTLINE,
      ...linked("trial", [0]),
    }),
  ];
}

const OUTLINE = { stroke: PAPER, strokeWidth: 1.25 };

/** Trials one after another, each with its arrow and ring, so that the last covers all of the others. */
function trials(dots: readonly Dot[]): Plot.Markish[] {
  return dots.map((dot) =>
    [
      dot.off && Plot.dot([dot], {
        x: px([dot.x + 9 * dot.off.dx]),
        y: px([dot.y + (dot.off.dx ? 0 : 9 * dot.off.dy)]),
        r: 2.5,
        symbol: "triangle",
        rotate: dot.off.dx ? 90 : dot.off.dy > 0 ? 180 : 0,
        fill: "colour",
        ...UNTOUCHED,
      }),
      Plot.dot([dot], {
        ...AT,
        ...SHAPED,
        r: 5.5,
        fill: "colour",
        title: "tip",
        ...OUTLINE,
        ...linked("trial", [dot.number]),
      }),
      dot.isWinner &&
      Plot.dot([dot], { ...AT, r: 9.5, stroke: ACCENT, strokeWidth: 2, ...UNTOUCHED }),
    ].filter((mark) => mark !== false)
  );
}

function tipOf(study: Study, { number, trial, accuracy, latency }: MeasuredEntry): string {
  const format = metricFormat(study);
  const { value, difference } = accuracy;
  return [
    numbered(number, trial.name),
    `${study.metric.name} ${format.value(value.value)}${format.unit} ${format.range(value)}`,
    !isRelative(study) &&
    `difference ${format.difference(difference.value)}${format.differenceUnit} ` +
      format.differenceRange(difference),
    `latency ${factorInterval(latency.ratio)}`,
  ].filter(Boolean).join("\n");
}

function noteOf(study: Study, { points, baseline }: ScatterLayout): string {
  const { failed } = entriesOf(study);
  const format = metricFormat(study);
  const off = points.filter((point) => point.off !== undefined).length;
  const selection = givenValue(study);
  return [
    "Bars: 95 % intervals. Numbers: rows of the trial table.",
    off > 0 && `Off the scale, at the edge with an arrow: ${plural(off, "trial")}.`,
    !baseline &&
    `Not shown: ${baselineWords(study).model} itself, at ${
      format.value(selection.value)
    }${format.unit}.`,
    failed.length > 0 && `Not shown: ${plural(failed.length, "failed trial")}.`,
  ].filter(Boolean).join(" ");
}
