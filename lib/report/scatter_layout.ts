import * as Plot from "@observablehq/plot";
import type { Study } from "../record/study_record.ts";
import { isRelative } from "./format.ts";
import type { Box } from "./labels.ts";
import { frontOf as paretoFront } from "../record/front.ts";
import { entriesOf, type MeasuredEntry as Measured } from "./trials.ts";
import { metricWindow } from "./window.ts";

/** A trial on the plane. */
export interface ScatterPoint {
  readonly entry: Measured;
  readonly x: number;
  readonly y: number;
  /** Direction in which the trial lies beyond the frame, where it does: -1, 0 or 1 each way. */
  readonly off?: { readonly dx: number; readonly dy: number };
  /** Ends of the latency interval, px; inside the frame. */
  readonly across: readonly [number, number];
  /** Ends of the accuracy interval, px, top first; absent where the trial lies off the scale. */
  readonly along?: readonly [number, number];
  readonly onFront: boolean;
  readonly isWinner: boolean;
}

/** Where everything of the accuracy-latency chart stands. */
export interface ScatterLayout {
  readonly frame: Box;
  readonly x: Plot.Scale;
  readonly y: Plot.Scale;
  readonly points: readonly ScatterPoint[];
  /** Where the ratio is 1. */
  readonly one: number;
  /** Height of the budget. */
  readonly budget: number;
  /** Height of float32 and of its interval's ends; absent where it is far off the scale. */
  readonly baseline?: { readonly y: number; readonly along: readonly [number, number] };
  /** Corners of the pareto front, fastest first, float32 included. */
  readonly front: readonly { readonly x: number; readonly y: number }[];
}

/** Half of the room at an edge for points that lie beyond it, px. */
const EDGE = 13;

/**
 * From where on a slow trial is drawn at the edge: that it is slower than float32 matters, how much
 * slower it is does not, and the fast ones need the room.
 */
const SLOW = 1.6;

/** Lays the accuracy-latency chart out in a frame: scales, points, front. */
export function scatterLayout(study: Study, frame: Box): ScatterLayout {
  const { measured, winner } = entriesOf(study);
  const { metric, maxDrop, baseline: { selection } } = study;
  const shown = metricWindow(study, measured);
  const budget = selection.value + (metric.higherIsBetter ? -maxDrop : maxDrop);
  const showsBaseline = !isRelative(study) ||
    selection.value >= shown.low && selection.value <= shown.high;
  const fast = measured.some(({ latency }) => latency.ratio.value < 1);
  const isSlow = ({ latency }: Measured) => fast && latency.ratio.value > SLOW;
  /** 1 above the window, -1 below it, else 0. */
  const side = ({ accuracy: { value: { value } } }: Measured) =>
    value > shown.high ? 1 : value < shown.low ? -1 : 0;

  const ratios = measured.filter((entry) => !isSlow(entry))
    .flatMap(({ latency: { ratio } }) => [ratio.low, ratio.high]);
  const [fastest, slowest] = [Math.min(0.95, ...ratios), Math.max(1.05, ...ratios)];
  const air = (slowest / fastest) ** 0.05;
  const slowRoom = measured.some(isSlow) ? 2 * EDGE : 0;
  // Logarithmic: half and double stand equally far from 1.
  const x = Plot.scale({
    x: {
      type: "log",
      domain: [fastest / air, slowest * air],
      range: [frame.x1, frame.x2 - slowRoom],
    },
  });

  const values = measured.filter((entry) => side(entry) === 0)
    .flatMap(({ accuracy: { value } }) => [value.low, value.high]);
  if (showsBaseline) values.push(selection.low, selection.high);
  values.push(budget);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const pad = (high - low) * 0.06 || Math.abs(high) * 0.01 || 1;
  const room = (wanted: number) => measured.some((entry) => side(entry) === wanted) ? 2 * EDGE : 0;
  const y = Plot.scale({
    y: {
      type: "linear",
      domain: [low - pad, high + pad],
      range: [frame.y2 - room(-1), frame.y1 + room(1)],
    },
  });

  const within = (ratio: number) => Math.min(Math.max(x.apply(ratio), frame.x1), frame.x2);
  const front = new Set<unknown>(frontOf(study, measured, showsBaseline));
  const points = measured.map((entry): ScatterPoint => {
    const { latency: { ratio }, accuracy: { value } } = entry;
    const dx = isSlow(entry) ? 1 : 0;
    const dy = side(entry) === 0 ? 0 : -side(entry); // pixels run downwards
    return {
      entry,
      x: dx ? frame.x2 - EDGE : x.apply(ratio.value),
      y: dy > 0 ? frame.y2 - EDGE : dy < 0 ? frame.y1 + EDGE : y.apply(value.value),
      off: dx || dy ? { dx, dy } : undefined,
      across: [within(ratio.low), within(ratio.high)],
      along: dy ? undefined : [y.apply(value.high), y.apply(value.low)],
      onFront: front.has(entry) && !dx && !dy,
      isWinner: entry === winner,
    };
  });
  const baseline = showsBaseline
    ? {
      y: y.apply(selection.value),
      along: [y.apply(selection.high), y.apply(selection.low)] as const,
    }
    : undefined;
  const corners = points.filter(({ onFront }) => onFront).map(({ x, y }) => ({ x, y }));
  if (baseline && front.has("float32")) corners.push({ x: x.apply(1), y: baseline.y });
  return {
    frame,
    x,
    y,
    points,
    one: x.apply(1),
    budget: y.apply(budget),
    baseline,
    front: corners.toSorted((a, b) => a.x - b.x),
  };
}

/** The winner weighs most, then the front; the more, the sooner labelled and the later covered. */
export function weightOf({ isWinner, onFront }: ScatterPoint): number {
  return (isWinner ? 2 : 0) + (onFront ? 1 : 0);
}

/** The trials on the front, and "float32" where nothing beats it in time 1. */
function frontOf(study: Study, measured: readonly Measured[], withBaseline: boolean) {
  const sign = study.metric.higherIsBetter ? -1 : 1;
  const points: { cost: number; loss: number; of: Measured | "float32" }[] = measured.map((of) => ({
    cost: of.latency.ratio.value,
    loss: sign * of.accuracy.value.value,
    of,
  }));
  if (withBaseline) {
    points.push({ cost: 1, loss: sign * study.baseline.selection.value, of: "float32" });
  }
  return paretoFront(points, ({ cost, loss }) => [cost, loss]).map(({ of }) => of);
}
