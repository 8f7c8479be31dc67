import * as Plot from "@observablehq/plot";
import type { Study } from "../record/study_record.ts";
import { decimal, isRelative, metricFormat, plural } from "./format.ts";
import { type Box, overlap } from "./labels.ts";
import { decimalsOf, px, UNTOUCHED } from "./plot.ts";
import type { ScatterLayout } from "./scatter_layout.ts";
import { textWidth } from "./text_width.ts";
import { GOOD, HALO, INK, MUTED, RULE } from "./theme.ts";
import { binaryText } from "../record/runtime_name.ts";
import { baselineWords } from "../record/given_record.ts";

const SIZE = 12;

/** The part of the plane that one hopes for. */
export function tint({ metric }: Study, { frame, one, budget }: ScatterLayout): Plot.Markish {
  const [y1, y2] = metric.higherIsBetter ? [frame.y1, budget] : [budget, frame.y2];
  return Plot.rect([0], {
    x1: px([frame.x1]),
    x2: px([one]),
    y1: px([y1]),
    y2: px([y2]),
    fill: GOOD,
  });
}

/** Grid, ticks and titles of both axes. */
export function axes(study: Study, { frame, points, x }: ScatterLayout, narrow: boolean) {
  const format = metricFormat(study);
  const threads = [...new Set(points.map(({ entry }) => entry.latency.threads))];
  const xTitle = `latency ratio to ${baselineWords(study).model}` +
    (narrow
      ? ""
      : `, ${binaryText(study.provenance)}, ${
        threads.map((n) => plural(n, "thread")).join(" and ")
      }`);
  const yTitle = `${format.heading}, on ${plural(study.baseline.selection.n, "selection sample")}`;
  const better = study.metric.higherIsBetter ? "↑ better" : "↓ better";
  const [xTicks, yTicks] = [ratioTicks(x), narrow ? 6 : 8];
  const grid = { stroke: RULE, strokeWidth: 0.75, strokeOpacity: 0.6 };
  const axis = { fontSize: SIZE, tickSize: 0, label: null };
  const below = { frameAnchor: "bottom", dy: 38, lineAnchor: "bottom" } as const;
  const above = {
    frameAnchor: "top-left",
    textAnchor: "start",
    lineAnchor: "bottom",
    dy: 14 - frame.y1,
  } as const;
  return [
    Plot.gridX({ ticks: xTicks, ...grid }),
    Plot.gridY({ ticks: yTicks, ...grid }),
    Plot.frame({ anchor: "left", stroke: RULE }),
    Plot.frame({ anchor: "bottom", stroke: RULE }),
    Plot.axisX({ ...axis, ticks: xTicks, tickFormat: tickText }),
    Plot.axisY({
      ...axis,
      ticks: yTicks,
      tickPadding: 7,
      tickFormat: (tick: number, _: number, ticks: readonly number[] = []) =>
        decimal(tick, decimalsOf(ticks)),
    }),
    Plot.text([xTitle], below),
    Plot.text(["← faster"], {
      ...below,
      dx: textWidth(xTitle, SIZE) / 2 + 8,
      textAnchor: "start",
      fill: MUTED,
    }),
    Plot.text([yTitle], { ...above, dx: -frame.x1 }),
    Plot.text([better], { ...above, dx: textWidth(yTitle, SIZE) + 8 - frame.x1, fill: MUTED }),
  ];
}

/** How a ratio is written at the axis. */
function tickText(tick: number): string {
  return `×${decimal(tick, Math.max(1, decimalsOf([tick])))}`;
}

/** First digits of ticks, those first that are to be kept where room is short. */
const DIGITS = [1, 5, 2, 3, 7, 4, 6, 8, 9, 1.5];

/** Ratios to mark on a logarithmic axis: round ones, as many as have room beside each other. */
function ratioTicks(x: Plot.Scale): number[] {
  const [low, high] = x.domain as [number, number];
  const kept: { tick: number; at: number; half: number }[] = [];
  for (const digit of DIGITS) {
    for (let power = -3; power <= 3; power++) {
      const tick = Number((digit * 10 ** power).toPrecision(3));
      if (tick < low || tick > high) continue;
      const [at, half] = [x.apply(tick), textWidth(tickText(tick), SIZE) / 2 + 5];
      const isFree = kept.every((other) => Math.abs(other.at - at) >= other.half + half);
      if (isFree) kept.push({ tick, at, half });
    }
  }
  return kept.map(({ tick }) => tick).sort((a, b) => a - b);
}

/** float32's time and accuracy, and the budget below it, across the whole frame. */
export function guides({ one, budget, baseline }: ScatterLayout): Plot.Markish[] {
  const line = { stroke: INK, strokeOpacity: 0.5, ...UNTOUCHED };
  return [
    Plot.ruleX([0], { x: px([one]), strokeDasharray: "5 4", ...line }),
    baseline && Plot.ruleY([0], { y: px([baseline.y]), strokeDasharray: "5 4", ...line }),
    Plot.ruleY([0], { y: px([budget]), strokeDasharray: "1.5 3", ...line }),
  ];
}

/** Words at an end of the budget line, where they cover no point if that can be had. */
export function budgetLabel(study: Study, { frame, budget: line, points }: ScatterLayout) {
  const { higherIsBetter } = study.metric;
  const sign = isRelative(study) ? "" : higherIsBetter ? "−" : "+";
  const text = `budget: ${sign}${metricFormat(study).budget}`;
  const size = 11;
  const width = textWidth(text, size);
  const dots = points.map(({ x, y }): Box => ({ x1: x - 8, y1: y - 8, x2: x + 8, y2: y + 8 }));
  const [above, below] = [line - 9, line + 9];
  // First on the side away from float32.
  const heights = higherIsBetter ? [below, above] : [above, below];
  const places = [frame.x2 - 5, frame.x1 + 5 + width].flatMap((x) =>
    heights.map((y) => ({ x, y, box: { x1: x - width, x2: x, y1: y - 7, y2: y + 7 } }))
  ).filter(({ box }) => box.y1 > frame.y1 && box.y2 < frame.y2);
  const { x, y, box } = places.find(({ box }) => dots.every((dot) => overlap(dot, box) === 0)) ??
    places[0]!;
  const style = { textAnchor: "end", fontSize: size, fill: MUTED, ...HALO, ...UNTOUCHED } as const;
  return { mark: Plot.text([text], { x: px([x]), y: px([y]), ...style }), box };
}
