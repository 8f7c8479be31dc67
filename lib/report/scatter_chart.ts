import type { Study } from "../study/records.ts";
import type { Key, Plot } from "./chart.ts";
import { element, pathData } from "./element.ts";
import { decimal, factor, factorInterval, isRelative, metricFormat, plural } from "./format.ts";
import { type Box, type LabelPoint, overlap, type PlacedLabel, placeLabels } from "./labels.ts";
import type { Markup } from "./markup.ts";
import { type ScatterLayout, scatterLayout, type ScatterPoint } from "./scatter_layout.ts";
import { ellipsis, textWidth } from "./text_width.ts";
import {
  ACCENT,
  BASELINE,
  dot,
  type FamilyStyle,
  familyStyles,
  GOOD,
  HALO,
  INK,
  MUTED,
  RULE,
} from "./theme.ts";
import { entriesOf, type Measured } from "./trials.ts";

/** Options for {@linkcode scatterChart}. */
export interface ScatterOptions {
  /** Width of the drawing, px. Below 560 it is laid out for a phone. @default {960} */
  width?: number;
}

const SIZE = 12;

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
    layout.points.map((point) => drawPoint(study, point, style(point.entry))),
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
  if (layout.baseline) {
    key.push({ label: "faster, within the budget", colour: GOOD, glyph: "area" });
  }
  return {
    width,
    height,
    body: element("g", {}, body.map((part) => [part, "\n"])),
    key,
    note: noteOf(study, layout),
  };
}

const FRONT = "#a3abb3";

/** The part of the plane that one hopes for. */
function drawTint({ metric }: Study, { frame, one, budget }: ScatterLayout): Markup {
  const [top, bottom] = metric.higherIsBetter ? [frame.y1, budget] : [budget, frame.y2];
  const size = { width: one - frame.x1, height: bottom - top };
  return element("rect", { x: frame.x1, y: top, ...size, fill: GOOD });
}

function drawAxes(study: Study, { frame, x, y, points }: ScatterLayout, narrow: boolean): Markup {
  const format = metricFormat(study);
  const grid = [
    ...x.ticks.map((tick) => pathData("M", x.at(tick), frame.y1, "V", frame.y2)),
    ...y.ticks.map((tick) => pathData("M", frame.x1, y.at(tick), "H", frame.x2)),
  ].join("");
  const threads = [...new Set(points.map(({ entry }) => entry.latency.threads))];
  const xTitle = "latency ratio to float32" +
    (narrow ? "" : `, ${threads.map((n) => plural(n, "thread")).join(" and ")}`);
  const yTitle = `${format.heading}, on ${plural(study.baseline.selection.n, "selection sample")}`;
  const grey = { fill: MUTED, dx: 10 };
  const middle = { "text-anchor": "middle" };
  return element(
    "g",
    { "font-size": SIZE, fill: INK },
    element("path", { d: grid, fill: "none", stroke: RULE, "stroke-width": 0.75, opacity: 0.6 }),
    element("path", {
      d: pathData("M", frame.x1, frame.y1, "V", frame.y2, "H", frame.x2),
      fill: "none",
      stroke: RULE,
    }),
    x.ticks.map((tick) =>
      element(
        "text",
        { x: x.at(tick), y: frame.y2 + 17, ...middle },
        `×${decimal(tick, x.decimals)}`,
      )
    ),
    y.ticks.map((tick) =>
      element(
        "text",
        { x: frame.x1 - 7, y: y.at(tick) + 4, "text-anchor": "end" },
        decimal(tick, y.decimals),
      )
    ),
    element(
      "text",
      { x: 0, y: 14 },
      yTitle,
      element("tspan", grey, study.metric.higherIsBetter ? "↑ better" : "↓ better"),
    ),
    element(
      "text",
      { x: (frame.x1 + frame.x2) / 2, y: frame.y2 + 38, ...middle },
      xTitle,
      element("tspan", grey, "← faster"),
    ),
  );
}

/** float32's time and accuracy, and the budget below it, across the whole frame. */
function drawGuides({ frame, one, budget, baseline }: ScatterLayout): Markup {
  const line = { fill: "none", stroke: INK, "stroke-opacity": 0.5 };
  const float32 = pathData("M", one, frame.y1, "V", frame.y2) +
    (baseline ? pathData("M", frame.x1, baseline.y, "H", frame.x2) : "");
  return element(
    "g",
    line,
    element("path", { d: float32, "stroke-dasharray": "5 4" }),
    element("path", {
      d: pathData("M", frame.x1, budget, "H", frame.x2),
      "stroke-dasharray": "1.5 3",
    }),
  );
}

/** Words at an end of the budget line, where they cover no point if that can be had. */
function budgetLabel(study: Study, { frame, budget: line, points }: ScatterLayout) {
  const { higherIsBetter } = study.metric;
  const sign = isRelative(study) ? "" : higherIsBetter ? "−" : "+";
  const text = `budget: ${sign}${metricFormat(study).budget}`;
  const size = 11;
  const width = textWidth(text, size);
  const dots = points.map(({ x, y }): Box => ({ x1: x - 8, y1: y - 8, x2: x + 8, y2: y + 8 }));
  const [above, below] = [line - 5, line + 13];
  // First on the side away from float32.
  const heights = higherIsBetter ? [below, above] : [above, below];
  const places = [frame.x2 - 5, frame.x1 + 5 + width].flatMap((x) =>
    heights.map((y) => ({ x, y, box: { x1: x - width, x2: x, y1: y - 10, y2: y + 3 } }))
  ).filter(({ box }) => box.y1 > frame.y1 && box.y2 < frame.y2);
  const { x, y, box } = places.find(({ box }) => dots.every((dot) => overlap(dot, box) === 0)) ??
    places[0]!;
  const attributes = { x, y, "text-anchor": "end", "font-size": size, fill: MUTED, ...HALO };
  return { drawn: element("text", attributes, text), box };
}

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

function drawLabels(
  study: Study,
  layout: ScatterLayout,
  { narrow, blocked }: { narrow: boolean; blocked: readonly Box[] },
): Markup {
  const { frame, points, one, budget, baseline } = layout;
  const weight = (p: ScatterPoint) => (p.isWinner ? 2 : 0) + (p.onFront ? 1 : 0);
  const ordered: (ScatterPoint | undefined)[] = points.toSorted((a, b) =>
    weight(b) - weight(a) || a.entry.number - b.entry.number
  );
  if (baseline) ordered.unshift(undefined); // float32 itself

  const labelled = ordered.map((point): LabelPoint => {
    if (point === undefined) {
      return { x: one, y: baseline!.y, strong: true, texts: ["float32 as given", "float32"] };
    }
    const number = String(point.entry.number);
    const name = ellipsis(shortName(point.entry), SIZE, narrow ? 150 : 300);
    const full = `${number} ${name}${offText(study, point)}`;
    const short = `${number}${offText(study, point)}`;
    const place = {
      x: point.x,
      y: point.y,
      radius: point.isWinner ? 11 : undefined,
      strong: point.isWinner,
    };
    return weight(point) > 0 && !narrow
      ? { ...place, texts: [full, short] }
      : { ...place, texts: [short], wish: full };
  });
  const thin = (x1: number, y1: number, x2: number, y2: number): Box => ({
    x1: x1 - 1,
    y1: y1 - 1,
    x2: x2 + 1,
    y2: y2 + 1,
  });
  const avoided = points.flatMap(({ x, y, across, along }) => [
    thin(across[0], y, across[1], y),
    ...(along ? [thin(x, along[0], x, along[1])] : []),
  ]);
  avoided.push(thin(one, frame.y1, one, frame.y2), thin(frame.x1, budget, frame.x2, budget));
  if (baseline) avoided.push(thin(frame.x1, baseline.y, frame.x2, baseline.y));
  const inner = { x1: frame.x1 + 3, x2: frame.x2 - 3, y1: frame.y1 + 2, y2: frame.y2 - 2 };
  const placed = placeLabels(labelled, { frame: inner, size: SIZE, blocked, avoided });
  return element(
    "g",
    { "font-size": SIZE },
    placed.map((label, i) => label && drawLabel(label, ordered[i])),
  );
}

function drawLabel(label: PlacedLabel, point: ScatterPoint | undefined): Markup {
  const { x, y, anchor, leader, text } = label;
  const strong = point === undefined || point.isWinner;
  const line = leader && {
    d: pathData("M", leader.x1, leader.y1, "L", leader.x2, leader.y2),
    stroke: MUTED,
    "stroke-width": 0.75,
  };
  return element(
    "g",
    { class: "label", "data-trial": point?.entry.number ?? 0 },
    line && element("path", line),
    element("text", {
      x,
      y: y + SIZE * 0.36, // from the middle of the line to its baseline
      "text-anchor": anchor,
      fill: strong || point.onFront ? INK : MUTED,
      "font-weight": strong ? 600 : 400,
      ...HALO,
    }, text),
  );
}

/** A name without its family where that comes first: colour and shape say it already. */
function shortName({ trial: { name, family } }: Measured): string {
  const prefix = `${family} · `;
  return name.startsWith(prefix) && name.length > prefix.length ? name.slice(prefix.length) : name;
}

/** The values of a trial at the edge that its place does not show. */
function offText(study: Study, { entry, off }: ScatterPoint): string {
  if (off === undefined) return "";
  const format = metricFormat(study);
  const parts = [
    off.dy !== 0 && `${format.value(entry.accuracy.value.value)}${format.unit}`,
    off.dx !== 0 && factor(entry.latency.ratio.value),
  ];
  return ` (${parts.filter(Boolean).join(", ")})`;
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
