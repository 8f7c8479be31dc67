import type { Study } from "../study/records.ts";
import { element, pathData } from "./element.ts";
import { decimal, isRelative, metricFormat, plural } from "./format.ts";
import { type Box, overlap } from "./labels.ts";
import type { Markup } from "./markup.ts";
import type { ScatterLayout } from "./scatter_layout.ts";
import { textWidth } from "./text_width.ts";
import { GOOD, HALO, INK, MUTED, RULE } from "./theme.ts";

const SIZE = 12;

/** The part of the plane that one hopes for. */
export function drawTint({ metric }: Study, { frame, one, budget }: ScatterLayout): Markup {
  const [top, bottom] = metric.higherIsBetter ? [frame.y1, budget] : [budget, frame.y2];
  const size = { width: one - frame.x1, height: bottom - top };
  return element("rect", { x: frame.x1, y: top, ...size, fill: GOOD });
}

/** Grid, ticks and titles of both axes. */
export function drawAxes(
  study: Study,
  { frame, x, y, points }: ScatterLayout,
  narrow: boolean,
): Markup {
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
export function drawGuides({ frame, one, budget, baseline }: ScatterLayout): Markup {
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
export function budgetLabel(study: Study, { frame, budget: line, points }: ScatterLayout) {
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
