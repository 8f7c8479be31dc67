import { Z } from "./interval.ts";
import { tango } from "./paired.ts";
import type { MetricInfo } from "../record/metric_info.ts";

/**
 * Samples that it takes to show that a share has dropped by no more than so much: if float32 and int8
 * agree on every one of them, the 95 % interval of the difference ends there.
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

/** What is to be said of a budget that so many samples cannot resolve; undefined if they can. */
export function resolutionNote(
  metric: MetricInfo,
  maxDrop: number,
  samples: number,
  split: string,
): string | undefined {
  if (!metric.share || !(maxDrop > 0)) return undefined;
  const needed = samplesNeeded(maxDrop);
  if (samples >= needed) return undefined;
  const reach = -100 * tango(0, 0, samples).low;
  return `${samples} ${split} samples cannot resolve a budget of ${maxDrop} points: even if not one ` +
    `of them changed, the 95 % interval of the difference would reach ${
      reach.toFixed(2)
    } points. ` +
    `It takes ${needed} samples to exclude that the budget is missed.`;
}
