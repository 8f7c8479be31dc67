import * as Plot from "@observablehq/plot";
import type { Study } from "../record/study_record.ts";
import { isRelative } from "./format.ts";
import type { Box } from "./labels.ts";
import { frontOf } from "../record/front.ts";
import { entriesOf, type MeasuredEntry } from "./trials.ts";
import { metricWindow } from "./window.ts";
import { givenValue } from "../record/given_record.ts";

/** Where something lies beyond the frame: -1, 0 or 1 each way, pixels running downwards. */
interface Direction {
  readonly dx: number;
  readonly dy: number;
}

/** A trial on the plane. */
export interface ScatterPoint {
  readonly entry: MeasuredEntry;
  readonly x: number;
  readonly y: number;
  /** Direction in which the trial lies beyond the frame, where it does. */
  readonly off?: Direction;
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
  /** Corners of the Pareto front, fastest first, float32 included. */
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
  const own = givenValue(study);
  const showsBaseline = !isRelative(study) || own.value >= shown.low && own.value <= shown.high;
  const entries = withDirections(measured, shown);
  const x = latencyScale(entries, frame);
  const heights = [...showsBaseline ? [own.low, own.high] : [], budget];
  const y = metricScale(entries, heights, frame);
  const front = new Set<unknown>(pointsOnFront(study, measured, showsBaseline));
  const points = entries.map(({ entry, off }): ScatterPoint => ({
    entry,
    ...place(entry, off, { frame, x, y }),
    onFront: front.has(entry) && !off.dx && !off.dy,
    isWinner: entry === winner,
  }));
  const baseline = showsBaseline
    ? {
      y: y.apply(own.value),
      along: [y.apply(own.high), y.apply(own.low)] as const,
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

/** A trial, and where it lies beyond what the scales show. */
interface Directed {
  readonly entry: MeasuredEntry;
  readonly off: Direction;
}

function withDirections(
  measured: readonly MeasuredEntry[],
  shown: { readonly low: number; readonly high: number },
): Directed[] {
  const fast = measured.some(({ latency }) => latency.ratio.value < 1);
  return measured.map((entry) => {
    const { latency: { ratio }, accuracy: { value: { value } } } = entry;
    const dx = fast && ratio.value > SLOW ? 1 : 0;
    const dy = value > shown.high ? -1 : value < shown.low ? 1 : 0;
    return { entry, off: { dx, dy } };
  });
}

/** Logarithmic: half and double stand equally far from 1. */
function latencyScale(entries: readonly Directed[], frame: Box): Plot.Scale {
  const ratios = entries.filter(({ off }) => off.dx === 0)
    .flatMap(({ entry: { latency: { ratio } } }) => [ratio.low, ratio.high]);
  const [fastest, slowest] = [Math.min(0.95, ...ratios), Math.max(1.05, ...ratios)];
  const air = (slowest / fastest) ** 0.05;
  const slowRoom = entries.some(({ off }) => off.dx > 0) ? 2 * EDGE : 0;
  return Plot.scale({
    x: {
      type: "log",
      domain: [fastest / air, slowest * air],
      range: [frame.x1, frame.x2 - slowRoom],
    },
  });
}

/** @param heights Values of the metric that the scale must show beside those of the trials. */
function metricScale(
  entries: readonly Directed[],
  heights: readonly number[],
  frame: Box,
): Plot.Scale {
  const values = entries.filter(({ off }) => off.dy === 0)
    .flatMap(({ entry: { accuracy: { value } } }) => [value.low, value.high]);
  values.push(...heights);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const pad = (high - low) * 0.06 || Math.abs(high) * 0.01 || 1;
  const room = (dy: number) => entries.some(({ off }) => off.dy === dy) ? 2 * EDGE : 0;
  return Plot.scale({
    y: {
      type: "linear",
      domain: [low - pad, high + pad],
      range: [frame.y2 - room(1), frame.y1 + room(-1)],
    },
  });
}

/** Where a trial and its intervals stand: at the edge of the frame where it lies beyond. */
function place(
  { latency: { ratio }, accuracy: { value } }: MeasuredEntry,
  { dx, dy }: Direction,
  { frame, x, y }: Pick<ScatterLayout, "frame" | "x" | "y">,
): Pick<ScatterPoint, "x" | "y" | "off" | "across" | "along"> {
  const within = (ratio: number) => Math.min(Math.max(x.apply(ratio), frame.x1), frame.x2);
  return {
    x: dx ? frame.x2 - EDGE : x.apply(ratio.value),
    y: dy > 0 ? frame.y2 - EDGE : dy < 0 ? frame.y1 + EDGE : y.apply(value.value),
    off: dx || dy ? { dx, dy } : undefined,
    across: [within(ratio.low), within(ratio.high)],
    along: dy ? undefined : [y.apply(value.high), y.apply(value.low)],
  };
}

/** The winner weighs most, then the front; the more, the sooner labelled and the later covered. */
export function weightOf({ isWinner, onFront }: ScatterPoint): number {
  return (isWinner ? 2 : 0) + (onFront ? 1 : 0);
}

/** The trials on the front, and "float32" where nothing beats it in time 1. */
function pointsOnFront(study: Study, measured: readonly MeasuredEntry[], withBaseline: boolean) {
  const sign = study.metric.higherIsBetter ? -1 : 1;
  const { value: own } = givenValue(study);
  const points = [...measured, ...withBaseline ? ["float32" as const] : []];
  return frontOf(
    points,
    (point) =>
      point === "float32"
        ? [1, sign * own]
        : [point.latency.ratio.value, sign * point.accuracy.value.value],
  );
}
