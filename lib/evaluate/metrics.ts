import type { Metric } from "./metric.ts";
import { agreement } from "./metrics/agreement.ts";
import { cosine } from "./metrics/cosine.ts";
import { sqnr } from "./metrics/sqnr.ts";
import { top1 } from "./metrics/top1.ts";

/** The metrics that come with Octavo, by name. Another one is a file of `metrics/` and a line here. */
export const METRICS: ReadonlyMap<string, () => Metric> = new Map(
  [top1, agreement, sqnr, cosine].map((make) => [make().name, make]),
);
