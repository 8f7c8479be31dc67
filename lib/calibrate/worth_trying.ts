import type { Observer } from "./observers.ts";
import { quantizationError } from "./quantization_error.ts";
import type { Range } from "./range.ts";
import type { TensorStatistics } from "./statistics.ts";

/** A range whose ends differ by less than this share of its width rounds as well as the other. */
const ALIKE = 0.02;

/** An error at the tensor itself that is so many times as large is not made up for by what follows. */
const FAR_WORSE = 4;

/** What an observer makes of a tensor. */
export interface ObservedRange {
  readonly observer: Observer;
  readonly range: Range;
}

/**
 * Which observers are worth a closer look at a tensor: those whose range is not about that of one
 * before, and whose rounding error at the tensor itself, by what calibration saw, is not far beyond the
 * first one's.
 *
 * @param observers The first is the one that others are compared with.
 * @returns Of all but the first, in their order, with their ranges.
 * @example The range of min-max is taken; that of the middle half of the values clips too much
 * ```ts
 * import { observersWorthTrying } from "./worth_trying.ts";
 * import { minMax, percentile } from "./observers.ts";
 * import { addValues, emptyStatistics } from "./statistics.ts";
 * import assert from "node:assert/strict";
 * const seen = addValues(emptyStatistics(), Float32Array.from({ length: 999 }, (_, i) => i / 999));
 * assert.deepEqual(observersWorthTrying(seen, [minMax(), minMax(), percentile(50)]), []);
 * ```
 */
export function observersWorthTrying(
  statistics: TensorStatistics,
  observers: readonly Observer[],
): ObservedRange[] {
  const distinct: ObservedRange[] = [];
  for (const observer of observers) {
    const range = observer.range(statistics);
    if (!distinct.some((known) => isAlike(known.range, range))) distinct.push({ observer, range });
  }
  const [first, ...others] = distinct;
  if (!first) return [];
  const most = FAR_WORSE * quantizationError(statistics, first.range).total;
  return others.filter(({ range }) => quantizationError(statistics, range).total <= most);
}

function isAlike(known: Range, { min, max }: Range): boolean {
  return Math.abs(known.min - min) + Math.abs(known.max - max) <= ALIKE * (max - min);
}
