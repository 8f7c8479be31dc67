import { Z } from "./interval.ts";
import { tango } from "./paired.ts";
import type { MetricInfo } from "../record/metric_info.ts";

/**
 * Number of samples that can show that a share drops by at most so much: if float32 and int8 agree on
 * every one of them, the 95 % interval of the difference ends there.
 *
 * With no change among n samples, Tango's interval reaches z² / (n + z²).
 *
 * @param maxDrop In points, above 0.
 * @example Half a point
 * ```ts
 * import { samplesNeeded } from "./resolution.ts";
 * import assert from "node:assert/strict";
 * assert.equal(samplesNeeded(0.5), 765);
 * ```
 */
export function samplesNeeded(maxDrop: number): number {
  const share = maxDrop / 100;
  return Math.ceil(Z * Z * (1 - share) / share - 1e-9);
}

/** Says that there are too few samples for a budget, and how many it takes; undefined if they suffice. */
export function resolutionNote(
  metric: MetricInfo,
  maxDrop: number,
  splits: Readonly<Record<string, number>>,
): string | undefined {
  if (!metric.share || !(maxDrop > 0)) return undefined;
  const needed = samplesNeeded(maxDrop);
  const few = Object.entries(splits).filter(([, samples]) => samples < needed);
  if (few.length === 0) return undefined;
  const least = Math.min(...few.map(([, samples]) => samples));
  const reach = -100 * tango(0, 0, least).low;
  return `${
    few.map(([split, samples]) => `${samples} ${split}`).join(" and ")
  } samples are too few to show ` +
    `a drop of at most ${maxDrop} points: with no change at all the 95 % interval still reaches ` +
    `${reach.toFixed(2)}. Use ${needed} or more.`;
}
