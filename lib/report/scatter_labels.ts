import * as Plot from "@observablehq/plot";
import type { Study } from "../record/study_record.ts";
import { factor, metricFormat } from "./format.ts";
import { type Box, type LabelPoint, placeLabels } from "./labels.ts";
import { linked, px } from "./plot.ts";
import { type ScatterLayout, type ScatterPoint, weightOf } from "./scatter_layout.ts";
import { ellipsis } from "./text_width.ts";
import { HALO, INK, MUTED } from "./theme.ts";
import type { MeasuredEntry as Measured } from "./trials.ts";

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
  const { frame, points, one, budget, baseline } = layout;
  const ordered: (ScatterPoint | undefined)[] = points.toSorted((a, b) =>
    weightOf(b) - weightOf(a) || a.entry.number - b.entry.number
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
    return weightOf(point) > 0 && !narrow
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
  const drawn = placed.flatMap((label, i) => {
    const point = ordered[i];
    const strong = point === undefined || point.isWinner;
    const fill = strong || point.onFront ? INK : MUTED;
    return label ? [{ ...label, number: point?.entry.number ?? 0, strong, fill }] : [];
  });
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
