import type { Metric } from "./metric.ts";
import { agreement } from "./metrics/agreement.ts";
import { aligned } from "./metrics/aligned.ts";
import { cosine } from "./metrics/cosine.ts";
import { detectionF1 } from "./metrics/detection_f1.ts";
import { divergence } from "./metrics/divergence.ts";
import { embeddingCosine } from "./metrics/embedding_cosine.ts";
import { f1 } from "./metrics/f1.ts";
import { iou } from "./metrics/iou.ts";
import { mae } from "./metrics/mae.ts";
import { perplexity } from "./metrics/perplexity.ts";
import { rankCorrelation } from "./metrics/rank_correlation.ts";
import { sqnr } from "./metrics/sqnr.ts";
import { top1 } from "./metrics/top1.ts";
import { top5 } from "./metrics/top5.ts";

/** The metrics that come with Octavo. Another one is a file of `metrics/` and a line here. */
const ALL: readonly (() => Metric)[] = [
  top1,
  top5,
  f1,
  agreement,
  sqnr,
  cosine,
  embeddingCosine,
  rankCorrelation,
  mae,
  perplexity,
  divergence,
  iou,
  detectionF1,
  aligned,
];

/** The metrics that come with Octavo, by the name that `--metric` takes: small letters and hyphens. */
export const METRICS: ReadonlyMap<string, () => Metric> = new Map(
  ALL.map((make) => [keyOf(make().name), make]),
);

/** The metric of a name, however it is written: `SQNR`, `sqnr`, `detection F1`, `top1`. */
export function metricNamed(name: string): Metric | undefined {
  const wanted = plain(name);
  return [...METRICS].find(([key]) => plain(key) === wanted)?.[1]();
}

function keyOf(name: string): string {
  return name.toLowerCase().replaceAll(" ", "-");
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}
