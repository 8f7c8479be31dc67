import { type MetricInfo, metricLine } from "../../lib/record/metric_info.ts";
import type { Shell } from "./shell.ts";

/** Tells what a command judges by: as the first line of its answer, or on stderr where that is JSON. */
export async function tellMetric(
  metric: MetricInfo,
  { print, progress }: Pick<Shell, "print" | "progress">,
  json: boolean,
): Promise<void> {
  if (json) return progress.log(metricLine(metric));
  progress.close(); // a live line may stand where the answer goes
  await print(`${metricLine(metric)}\n`);
}
