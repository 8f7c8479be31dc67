import type { Estimate } from "../record/metric_info.ts";
import type { Latency } from "../record/trial_record.ts";

/** A time, and what it was measured on. */
export interface LatencyOfCase {
  readonly name?: string;
  readonly length?: number;
  readonly latency: Latency;
}

/**
 * Times of several cases as one record: its ratio is the geometric mean of theirs, so that each counts alike
 * however long it takes; its times are those of one run of each. A single case without a name is its own.
 *
 * @example
 * ```ts
 * import { latencyAt } from "./latency_at.ts";
 * import { latencyRatio } from "./latency.ts";
 * import assert from "node:assert/strict";
 * const of = (ms: number) => latencyRatio({ ms: [[10, ms], [10, ms], [10, ms]] });
 * const both = latencyAt([{ name: "short", latency: of(16) }, { name: "long", latency: of(4) }]);
 * assert.equal(both.ratio.value.toFixed(6), "0.800000"); // the root of 1.6 times 0.4
 * assert.deepEqual(both.at!.map(({ name }) => name), ["short", "long"]);
 * ```
 */
export function latencyAt(cases: readonly LatencyOfCase[]): Latency {
  const [first] = cases;
  if (cases.length === 1 && first!.name === undefined) return first!.latency;
  const all = cases.map(({ latency }) => latency);
  const sum = (of: (latency: Latency) => number) =>
    all.reduce((total, latency) => total + of(latency), 0);
  const { wallRatio: _, ...rest } = all[0]!;
  return {
    ...rest,
    rounds: Math.min(...all.map(({ rounds }) => rounds)),
    ratio: geometricMean(all.map(({ ratio }) => ratio)),
    baselineMs: sum(({ baselineMs }) => baselineMs),
    candidateMs: sum(({ candidateMs }) => candidateMs),
    drifted: all.some(({ drifted }) => drifted),
    at: cases.map(({ name = "", length, latency: { ratio, baselineMs, candidateMs } }) => ({
      name,
      ...(length !== undefined && { length }),
      ...{ ratio, baselineMs, candidateMs },
    })),
  };
}

/** The errors of the logarithms are independent: their squares add. */
function geometricMean(ratios: readonly Estimate[]): Estimate {
  const k = ratios.length;
  const mean = ratios.reduce((sum, { value }) => sum + Math.log(value), 0) / k;
  const half = (end: "low" | "high") =>
    Math.sqrt(ratios.reduce((sum, one) => sum + Math.log(one[end] / one.value) ** 2, 0)) / k;
  return {
    value: Math.exp(mean),
    low: Math.exp(mean - half("low")),
    high: Math.exp(mean + half("high")),
    n: Math.min(...ratios.map(({ n }) => n)),
  };
}
