import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { lookUp } from "../look_up.ts";
import { nearest, UserError } from "../errors.ts";
import { fileMetric, type FileMetricOptions } from "./file_metric.ts";
import type { Metric } from "./metric.ts";
import { metricNamed, METRICS } from "./metrics.ts";

/**
 * Loads a metric: one that comes with Octavo by its name (`top-1`, `agreement`, `sqnr`, `cosine`, ...), or
 * one from a TypeScript or JavaScript module. The module's default export is a {@linkcode Metric}, of
 * which only `score` is required, or the scoring function alone. What is missing is filled in: the
 * name from the file's, no unit, higher is better; for the other fields see {@linkcode Metric}. Its code runs
 * in a worker, see {@linkcode fileMetric}.
 *
 * ```ts ignore
 * // top5.ts: how often the label is among the five largest
 * import type { Metric } from "octavo";
 * export default {
 *   name: "top-5",
 *   unit: "%",
 *   usesLabels: true,
 *   higherIsBetter: true,
 *   score({ outputs, label }) {
 *     const scores = outputs.logits!.data as Float32Array;
 *     return scores.filter((score) => score > scores[label!]!).length < 5 ? 1 : 0;
 *   },
 * } satisfies Metric;
 * ```
 *
 * @param path Name of a metric, or path of the module, relative to the working directory.
 * @throws {UserError} If it is missing, does not load, or exports something else.
 */
export async function loadMetric(
  path: string | URL,
  options: FileMetricOptions = {},
): Promise<Metric> {
  const builtIn = typeof path === "string" ? metricNamed(path) : undefined;
  if (builtIn) return builtIn;
  const url = path instanceof URL ? path : pathToFileURL(resolve(path));
  const what = `Cannot load the metric ${path}`;
  const found = await Deno.stat(url).catch(() => undefined);
  if (!found?.isFile) {
    const isFile = /[./\\]/.test(String(path));
    const [near] = isFile ? [] : nearMetric(String(path));
    throw new UserError(
      `${what}: there is no such ${isFile ? "file" : "metric, and no file of that name"}` +
        `${near ? `; did you mean ${near}?` : "."} The metrics that come with Octavo are ` +
        [...METRICS.keys()].join(", "),
    );
  }
  const name = url.pathname.split("/").at(-1)!.replace(/\.[^.]*$/, "");
  return await fileMetric({ url: url.href, name: decodeURIComponent(name), what }, options);
}

/** What other tools call a metric, with its name here. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  accuracy: "top-1",
  acc: "top-1",
  snr: "sqnr",
  psnr: "sqnr",
  mse: "mae",
  l1: "mae",
  map: "detection-f1",
  miou: "iou",
  ppl: "perplexity",
  spearman: "rank-correlation",
};

function nearMetric(name: string): string[] {
  const other = lookUp(OTHER_NAMES, name.toLowerCase());
  return other ? [other] : nearest(name, METRICS.keys(), 1);
}
