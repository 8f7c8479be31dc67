import * as Plot from "@observablehq/plot";
import type { Study } from "../record/study_record.ts";
import { factor, metricFormat, numbered } from "./format.ts";
import { type Box, type LabelPoint, type PlacedLabel, placeLabels } from "./labels.ts";
import { linked, px } from "./plot.ts";
import { type ScatterLayout, type ScatterPoint, weightOf } from "./scatter_layout.ts";
import { ellipsis } from "./text_width.ts";
import { HALO, INK, MUTED } from "./theme.ts";
import type { MeasuredEntry } from "./trials.ts";
import { baselineWords } from "../record/given_record.ts";

const SIZE = 12;

/**
 * Numbers of all points that have room for one; names for the winner and the front, and for whoever
 * stands free. A name on a phone would cover more than it tells.
 */
export function labels(
  study: Study,
  layout: ScatterLayout,
  { narrow, blocked }: { narrow: boolean; blocked: readonly Box[] },
): Plot.Markish[] {
  const { frame, points, one, baseline } = layout;
  const ordered = points.toSorted((a, b) =>
    weightOf(b) - weightOf(a) || a.entry.number - b.entry.number
  );
  const inner = { x1: frame.x1 + 3, x2: frame.x2 - 3, y1: frame.y1 + 2, y2: frame.y2 - 2 };
  const wanted = ordered.map((point) => wantedOf(study, point, narrow));
  if (baseline) wanted.unshift(baselineAt(study, one, baseline.y));
  const avoided = linesOf(layout);
  const placed = placeLabels(
    wanted.map(({ label }) => label),
    { frame: inner, size: SIZE, blocked, avoided },
  );
  return labelMarks(placed.flatMap((label, i) => label ? [{ ...label, ...wanted[i]!.look }] : []));
}

/** A label that is to be placed, and how it is then drawn. */
interface Wanted {
  readonly label: LabelPoint;
  readonly look: Look;
}

interface Look {
  /** Of the trial; 0 is float32 itself. */
  readonly number: number;
  readonly strong: boolean;
  readonly fill: string;
}

function baselineAt(study: Study, x: number, y: number): Wanted {
  const { row, short } = baselineWords(study);
  return {
    label: { x, y, strong: true, texts: [row, short] },
    look: { number: 0, strong: true, fill: INK },
  };
}

function wantedOf(study: Study, point: ScatterPoint, narrow: boolean): Wanted {
  const { entry, x, y, isWinner, onFront } = point;
  const name = ellipsis(shortName(entry), SIZE, narrow ? 150 : 300);
  const off = offText(study, point);
  const [full, short] = [`${numbered(entry.number, name)}${off}`, `${entry.number}${off}`];
  const place = { x, y, radius: isWinner ? 11 : undefined, strong: isWinner };
  return {
    label: weightOf(point) > 0 && !narrow
      ? { ...place, texts: [full, short] }
      : { ...place, texts: [short], wish: full },
    look: { number: entry.number, strong: isWinner, fill: isWinner || onFront ? INK : MUTED },
  };
}

/** Intervals and guide lines, which labels had better not cover. */
function linesOf({ frame, points, one, budget, baseline }: ScatterLayout): Box[] {
  const lines = points.flatMap(({ x, y, across, along }) => [
    thin(across[0], y, across[1], y),
    ...(along ? [thin(x, along[0], x, along[1])] : []),
  ]);
  lines.push(thin(one, frame.y1, one, frame.y2), thin(frame.x1, budget, frame.x2, budget));
  if (baseline) lines.push(thin(frame.x1, baseline.y, frame.x2, baseline.y));
  return lines;
}

/** The box of a line, 1 px to all sides. */
function thin(x1: number, y1: number, x2: number, y2: number): Box {
  return { x1: x1 - 1, y1: y1 - 1, x2: x2 + 1, y2: y2 + 1 };
}

function labelMarks(drawn: readonly (PlacedLabel & Look)[]): Plot.Markish[] {
  const leaders = drawn.flatMap(({ leader }) => leader ?? []);
  const ends = { x1: px("x1"), y1: px("y1"), x2: px("x2"), y2: px("y2") };
  // Anchor and weight are the same for all texts of a mark.
  const alike = Map.groupBy(drawn, ({ anchor, strong }) => `${anchor} ${strong}`);
  return [
    Plot.link(leaders, { ...ends, stroke: MUTED, strokeWidth: 0.75 }),
    ...alike.values().map((texts) =>
      Plot.text(texts, {
        x: px("x"),
        y: px("y"),
        text: "text",
        fill: "fill",
        textAnchor: texts[0]!.anchor,
        fontWeight: texts[0]!.strong ? 600 : 400,
        ...HALO,
        ...linked("label", texts.map(({ number }) => number)),
      })
    ),
  ];
}

/** A name without its family where that comes first: colour and shape say it already. */
function shortName({ trial: { name, family } }: MeasuredEntry): string {
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
