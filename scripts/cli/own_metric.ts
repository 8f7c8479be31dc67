import { loadMetric } from "../../lib/evaluate/load_metric.ts";
import type { Metric } from "../../lib/evaluate/metric.ts";

/**
 * The metric that was asked for, by its name or file. Code of a file may compute and nothing else, and is
 * loaded once: commands end their process themselves.
 */
export async function ownMetric(asked: string | undefined): Promise<Metric | undefined> {
  if (asked === undefined) return undefined;
  return await loadMetric(asked, { permissions: "none", patienceMs: Infinity });
}
