import type { Study } from "../study/records.ts";
import type { Key, Plot } from "./chart.ts";
import { element, pathData } from "./element.ts";
import { factorInterval, isRelative, metricFormat, plural } from "./format.ts";
import type { Markup } from "./markup.ts";
import { budgetLabel, drawAxes, drawGuides, drawTint } from "./scatter_axes.ts";
import { drawLabels } from "./scatter_labels.ts";
import {
  type ScatterLayout,
  scatterLayout,
  type ScatterPoint,
  weightOf,
} from "./scatter_layout.ts";
import { ACCENT, BASELINE, dot, type FamilyStyle, familyStyles, GOOD, INK } from "./theme.ts";
import { entriesOf, type Measured } from "./trials.ts";

/** Options for {@linkcode scatterChart}. */
export interface ScatterOptions {
  /** Width of the drawing, px. Below 560 it is laid out for a phone. @default {960} */
  width?: number;
}

/**
 * Accuracy against latency: one dot for each measured trial with both 95 % intervals, float32 with its
 * guide lines, the budget, and the pareto front. Every dot carries its number in the trial table where
 * there is room for it; names are written for the winner, the front, and whoever stands free.
 */
export function scatterChart(study: Study, options: ScatterOptions = {}): Plot {
  const { width = 960 } = options;
  const narrow = width < 560;
  const height = narrow ? 330 : 470;
  const frame = { x1: narrow ? 38 : 46, y1: 28, x2: width - 2, y2: height - 44 };
  const layout = scatterLayout(study, frame, narrow ? [6, 6] : [12, 8]);
  const { measured } = entriesOf(study);
  const styles = familyStyles(measured.map(({ trial }) => trial.family));
  const style = ({ trial }: Measured) => styles.get(trial.family)!;
  const budget = budgetLabel(study, layout);
  const body = [
    drawTint(study, layout),
    drawAxes(study, layout, narrow),
    drawGuides(layout),
    budget.drawn,
    drawFront(layout),
    layout.points.map((point) => drawBars(point, style(point.entry).colour)),
    drawBaseline(study, layout),
    // What matters most is drawn last, on top.
    layout.points.toSorted((a, b) => weightOf(a) - weightOf(b))
      .map((point) => drawPoint(study, point, style(point.entry))),
    drawLabels(study, layout, { narrow, blocked: [budget.box] }),
  ];
  const key: Key[] = [...styles].map(([label, { colour, shape }]) => ({
    label,
    colour,
    glyph: shape,
  }));
  if (layout.baseline) key.unshift({ label: "float32 as given", colour: INK, glyph: "diamond" });
  if (layout.points.some(({ isWinner }) => isWinner)) {
    key.push({ label: "winner", colour: ACCENT, glyph: "ring" });
  }
  if (layout.front.length > 1) key.push({ label: "pareto front", colour: FRONT, glyph: "line" });
  key.push({ label: "faster, within the budget", colour: GOOD, glyph: "area" });
  return {
    width,
    height,
    body: element("g", {}, body.map((part) => [part, "\n"])),
    key,
    note: noteOf(study, layout),
  };
}

const FRONT = "#a3abb3";

/** Steps: up to the time of the next point, only the accuracy of this one can be had. */
function drawFront({ front: [first, ...rest] }: ScatterLayout): Markup | undefined {
  if (first === undefined || rest.length === 0) return undefined;
  const d = pathData("M", first.x, first.y, ...rest.flatMap(({ x, y }) => ["H", x, "V", y]));
  return element("path", { d, fill: "none", stroke: FRONT, "stroke-width": 2 });
}

function drawBars(point: ScatterPoint, stroke: string): Markup {
  const { x, y, across, along, onFront, isWinner, entry, off } = point;
  const horizontal = off?.dx ? "" : pathData("M", across[0], y, "H", across[1]);
  const vertical = along ? pathData("M", x, along[0], "V", along[1]) : "";
  return element("path", {
    class: "bars",
    "data-trial": entry.number,
    d: horizontal + vertical,
    fill: "none",
    stroke,
    "stroke-width": 1.25,
    "stroke-opacity": onFront || isWinner ? 0.8 : 0.3,
  });
}

function drawBaseline(study: Study, { one: x, baseline }: ScatterLayout): Markup | undefined {
  if (baseline === undefined) return undefined;
  const { y, along } = baseline;
  const { selection } = study.baseline;
  const format = metricFormat(study);
  return element(
    "g",
    { class: "trial", "data-trial": 0 },
    element(
      "title",
      {},
      `float32 as given\n${study.metric.name} ${format.value(selection.value)}${format.unit} ${
        format.range(selection)
      }`,
    ),
    element("path", { d: pathData("M", x, along[0], "V", along[1]), stroke: INK, opacity: 0.8 }),
    dot(BASELINE.shape, x, y, 6, { fill: BASELINE.colour, ...OUTLINE }),
  );
}

const OUTLINE = { stroke: "#fff", "stroke-width": 1.25 };

function drawPoint(
  study: Study,
  { x, y, off, isWinner, entry }: ScatterPoint,
  { shape, colour }: FamilyStyle,
): Markup {
  const format = metricFormat(study);
  const { value, difference } = entry.accuracy;
  const tip = [
    `${entry.number} ${entry.trial.name}`,
    `${study.metric.name} ${format.value(value.value)}${format.unit} ${format.range(value)}`,
    !isRelative(study) &&
    `difference ${format.difference(difference.value)}${format.differenceUnit} ` +
      format.differenceRange(difference),
    `latency ${factorInterval(entry.latency.ratio)}`,
  ];
  const arrow = off && element("path", {
    d: off.dx
      ? pathData("M", x + 7, y - 4, "v", 8, "l", 5, -4, "z")
      : pathData("M", x - 4, y + off.dy * 7, "h", 8, "l", -4, off.dy * 5, "z"),
    fill: colour,
  });
  const ring = { cx: x, cy: y, r: 9.5, fill: "none", stroke: ACCENT, "stroke-width": 2 };
  return element(
    "g",
    { class: "trial", "data-trial": entry.number },
    element("title", {}, tip.filter(Boolean).join("\n")),
    arrow,
    dot(shape, x, y, 5.5, { fill: colour, ...OUTLINE }),
    isWinner && element("circle", ring),
  );
}

function noteOf(study: Study, { points, baseline }: ScatterLayout): string {
  const { failed } = entriesOf(study);
  const format = metricFormat(study);
  const off = points.filter((point) => point.off !== undefined).length;
  const { selection } = study.baseline;
  return [
    "Bars: 95 % intervals. Numbers: rows of the trial table.",
    off > 0 && `At the edge with an arrow: ${plural(off, "trial")} beyond the scale.`,
    !baseline && `Not shown: float32 itself, at ${format.value(selection.value)}${format.unit}.`,
    failed.length > 0 && `Not shown: ${plural(failed.length, "failed trial")}.`,
  ].filter(Boolean).join(" ");
}
