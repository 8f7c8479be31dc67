import { UserError } from "../errors.ts";
import { infoOf, type Metric } from "./metric.ts";

/**
 * The drop of a metric that is accepted where the user gives none, in the metric's unit.
 *
 * @throws {UserError} If the metric does not say one: only who made it knows what a drop means.
 * @example
 * ```ts
 * import { defaultMaxDrop } from "./default_budget.ts";
 * import { top1 } from "./metrics/top1.ts";
 * import assert from "node:assert/strict";
 * assert.equal(defaultMaxDrop(top1()), 0.5);
 * ```
 */
export function defaultMaxDrop(metric: Metric): number {
  const { name, unit, maxDrop } = infoOf(metric);
  if (maxDrop !== undefined) return maxDrop;
  throw new UserError(
    `Cannot judge by ${name} without a limit: give the largest accepted drop with --max-drop` +
      (unit ? ` (in ${unit})` : "") + `, or set "maxDrop" in the metric`,
  );
}
