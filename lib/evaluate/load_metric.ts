import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { lookUp } from "../look_up.ts";
import { nearest, UserError } from "../errors.ts";
import { infoOf, type Metric, type ScoredSample } from "./metric.ts";
import { metricNamed, METRICS } from "./metrics.ts";

/** How a scoring function is called. */
export const METRIC_SIGNATURE = "({ outputs, reference, label, index }) => number";

/**
 * Loads a metric: one that comes with Octavo by its name (`top-1`, `agreement`, `sqnr`, `cosine`, ...), or
 * one from a TypeScript or JavaScript module. The module's default export is a {@linkcode Metric}, of
 * which only `score` is required, or the scoring function alone. What is missing is filled in: the
 * name from the file's, no unit, higher is better; for the other fields see {@linkcode Metric}.
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
export async function loadMetric(path: string | URL): Promise<Metric> {
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
  const module: Record<string, unknown> = await import(url.href).catch((error) => {
    throw new UserError(`${what}: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  });
  const name = url.pathname.split("/").at(-1)!.replace(/\.[^.]*$/, "");
  return readMetric(module.default, decodeURIComponent(name), what);
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
};

function nearMetric(name: string): string[] {
  const other = lookUp(OTHER_NAMES, name.toLowerCase());
  return other ? [other] : nearest(name, METRICS.keys(), 1);
}

function readMetric(value: unknown, fallback: string, what: string): Metric {
  if (typeof value === "function") {
    const score = value as (sample: ScoredSample) => number;
    requireOneParameter(score, what);
    return { name: fallback, unit: "", higherIsBetter: true, score };
  }
  if (typeof value !== "object" || value === null) {
    throw new UserError(
      `${what}: its default export must be a function (sample) => number, or an object with such ` +
        `a "score", got ${value === undefined ? "none" : typeof value}`,
    );
  }
  const metric = value as Partial<Metric>;
  for (const [key, type] of FIELDS) {
    const found = metric[key];
    if (typeof found === type || (key !== "score" && found === undefined)) continue;
    throw new UserError(
      `${what}: "${key}" must be a ${type}, got ${found === undefined ? "none" : typeof found}`,
    );
  }
  if ("relative" in metric) {
    throw new UserError(
      `${what}: "relative" was replaced by "perfect"; set that to the value of float32 against ` +
        `itself, such as 1, or 100 for a share`,
    );
  }
  requireOneParameter(metric.score!, what);
  const { name = fallback, unit = "", higherIsBetter = true, usesLabels = false } = metric;
  return {
    ...infoOf({ ...metric, name, unit, higherIsBetter }),
    usesLabels,
    ...(metric.usesInputs && { usesInputs: true }),
    ...(metric.resolution !== undefined && { resolution: metric.resolution }),
    score: (sample) => metric.score!(sample),
  };
}

/** A function of two values is called with one, and gives nonsense without an error. */
function requireOneParameter(score: { readonly length: number }, what: string): void {
  if (score.length <= 1) return;
  throw new UserError(
    `${what}: its scoring function takes ${score.length} values, but it is called with one object for ` +
      `each sample: ${METRIC_SIGNATURE}. "outputs" and "reference" hold tensors by name, { type, dims, data }.`,
  );
}

/** Fields that a module may give, with their types. Only `score` must be there. */
const FIELDS: readonly (readonly [keyof Metric, "string" | "boolean" | "number" | "function"])[] = [
  ["score", "function"],
  ["name", "string"],
  ["unit", "string"],
  ["digits", "number"],
  ["higherIsBetter", "boolean"],
  ["share", "boolean"],
  ["perfect", "number"],
  ["maxDrop", "number"],
  ["signalToNoise", "boolean"],
  ["resolution", "number"],
  ["usesLabels", "boolean"],
  ["usesInputs", "boolean"],
];
