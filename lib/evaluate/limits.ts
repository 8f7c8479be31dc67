import { UsageError } from "../errors.ts";
import type { MetricInfo } from "../record/metric_info.ts";

/** What somebody asks of a metric, in its unit. */
export interface Limits {
  /** Largest accepted drop. */
  readonly maxDrop?: number | undefined;
  /** Least accepted value; where lower is better, the largest. */
  readonly atLeast?: number | undefined;
}

/**
 * Most points that agreement and its like may be allowed to lose: beyond, another unit was likely meant. All
 * 100 of them mean no limit.
 */
const MOST_POINTS = 20;

/** dB that int8 does not reach, even of weights alone: who asks for more likely meant another unit. */
const MOST_DECIBELS = 100;

/** What may be lost of 1: a cosine of 0.8 is noise half as strong as the signal. */
const MOST_OF_ONE = 0.2;

/**
 * Refuses limits that are given in another unit than the metric's, with what was likely meant: 0.9 of
 * something in per cent, a drop of 0.5 in dB, which would ask for 149.5.
 *
 * @throws {UsageError}
 * @example
 * ```ts
 * import { requireLimits } from "./limits.ts";
 * import assert from "node:assert/strict";
 * const top1 = { name: "top-1", unit: "%", higherIsBetter: true, share: true };
 * requireLimits(top1, { atLeast: 90 });
 * assert.throws(() => requireLimits(top1, { atLeast: 0.9 }), /give --at-least 90/);
 * ```
 */
export function requireLimits(metric: MetricInfo, { maxDrop, atLeast }: Limits): void {
  const { name } = metric;
  if (maxDrop !== undefined && atLeast !== undefined) {
    throw new UsageError(
      `--max-drop ${maxDrop} says how much ${name} may lose, and --at-least ${atLeast} what it must keep: ` +
        "give one of them",
    );
  }
  if (maxDrop !== undefined) {
    const meant = maxDrop < 0 ? "give 0 or more" : meantByDrop(metric, maxDrop);
    if (meant) throw new UsageError(`--max-drop ${maxDrop} cannot be meant for ${name}: ${meant}`);
  }
  if (atLeast !== undefined) {
    const meant = meantByValue(metric, atLeast);
    if (meant) throw new UsageError(`--at-least ${atLeast} cannot be meant for ${name}: ${meant}`);
  }
}

/** What is wrong with a drop, and what was likely meant. */
function meantByDrop(metric: MetricInfo, maxDrop: number): string | undefined {
  const { unit, perfect } = metric;
  if (unit === "%" && maxDrop > 100) return "it is in points of 100: give 100 or less";
  if (unit === "%" && perfect !== undefined && maxDrop > MOST_POINTS && maxDrop < 100) {
    const kept = round(perfect - maxDrop);
    return `it may fall to ${kept} % then. To keep ${maxDrop} dB of signal over noise, give --metric sqnr ` +
      `--at-least ${maxDrop}; to keep ${kept} %, give --at-least ${kept}`;
  }
  if (unit === "dB" && perfect !== undefined && perfect - maxDrop > MOST_DECIBELS) {
    return `equal outputs have ${perfect} dB, so that asks for ${
      round(perfect - maxDrop)
    } dB, which no int8 ` +
      `reaches. Give --at-least with the dB to keep, as --at-least 30; or a metric in per cent, as --metric ` +
      `agreement --max-drop ${maxDrop}`;
  }
  if (isSimilarity(metric) && maxDrop > MOST_OF_ONE) {
    return `it is at most 1, and 0.001 is a usual drop. For points of a share, give --metric agreement ` +
      `--max-drop ${maxDrop}`;
  }
  return undefined;
}

/** What is wrong with a least value, and what was likely meant. */
function meantByValue(metric: MetricInfo, atLeast: number): string | undefined {
  const { unit, perfect } = metric;
  if (unit === "%") {
    if (atLeast > 0 && atLeast <= 1) {
      return `it is in per cent, so that would be less than 1 in 100: give --at-least ${
        round(100 * atLeast)
      }`;
    }
    if (atLeast > 100 || atLeast < 0) return "it is in per cent: give a number from 0 to 100";
    if (perfect !== undefined && atLeast < 50) {
      return `equal outputs have ${perfect} %. To keep ${atLeast} dB of signal over noise, give --metric sqnr ` +
        `--at-least ${atLeast}; else give per cent, as --at-least 99`;
    }
  }
  if (unit === "dB") {
    if (atLeast > MOST_DECIBELS) {
      return `no int8 reaches ${atLeast} dB; 20 to 60 are usual: give as much, as --at-least 30`;
    }
    if (atLeast > 0 && atLeast <= 1) {
      return `at ${atLeast} dB the noise is as strong as the signal. For a cosine, give --metric cosine ` +
        `--at-least ${atLeast}; for a share, --metric agreement --at-least ${
          round(100 * atLeast)
        }; in dB 30 ` +
        `is usual`;
    }
  }
  if (isSimilarity(metric) && atLeast > 1) {
    return `it is at most 1: ` +
      (atLeast > 90 && atLeast <= 100
        ? `give --at-least ${round(atLeast / 100)}`
        : `for dB give --metric sqnr --at-least ${atLeast}`);
  }
  return undefined;
}

/** Whether 1 is as good as float32, as of a cosine. */
function isSimilarity({ unit, perfect, higherIsBetter }: MetricInfo): boolean {
  return unit === "" && perfect === 1 && higherIsBetter;
}

/** 100 * 0.9 is 90.00000000000001 in binary. */
function round(value: number): number {
  return Number(value.toPrecision(6));
}
