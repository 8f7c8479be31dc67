import { UserError } from "../errors.ts";
import { MAX_SQNR } from "./closeness.ts";
import type { MetricInfo } from "../record/metric_info.ts";

/** SQNR that is asked for where nothing else is said, dB: errors of a thousandth of the power. */
const LEAST_SQNR = 30;

/**
 * The drop of a metric that is accepted where nothing else is said, in its unit: half a point of a
 * share; for SQNR, in which float32 itself counts as 150 dB, down to 30 dB; for cosine similarity what
 * 30 dB of unrelated error come to.
 *
 * @throws {UserError} For other metrics: only who made them knows what a drop means.
 * @example
 * ```ts
 * import { defaultMaxDrop } from "./default_budget.ts";
 * import assert from "node:assert/strict";
 * assert.equal(defaultMaxDrop({ name: "top-1", unit: "%", higherIsBetter: true }), 0.5);
 * ```
 */
export function defaultMaxDrop({ name, unit }: MetricInfo): number {
  if (unit === "%") return 0.5;
  if (name === "SQNR") return MAX_SQNR - LEAST_SQNR;
  // |x + e|² = |x|² (1 + r) for unrelated e of relative power r, so the cosine is 1 / √(1 + r).
  if (name === "cosine") return 1 - 1 / Math.sqrt(1 + 10 ** (-LEAST_SQNR / 10));
  throw new UserError(
    `Cannot judge by ${name} alone: say how much of it may be lost (--max-drop), ` +
      (unit ? `in ${unit}` : "in its own measure"),
  );
}
