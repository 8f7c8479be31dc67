import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { UserError } from "../errors.ts";
import { infoOf, type Metric, type ScoredSample } from "./metric.ts";
import { METRICS } from "./metrics.ts";

/**
 * Loads a metric: one that comes with Octavo by its name (`top-1`, `agreement`, `SQNR`, `cosine`), or
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
  const builtIn = METRICS.get(String(path));
  if (builtIn) return builtIn();
  const url = path instanceof URL ? path : pathToFileURL(resolve(path));
  const what = `Cannot load the metric ${path}`;
  const found = await Deno.stat(url).catch(() => undefined);
  if (!found?.isFile) {
    throw new UserError(
      `${what}: there is no such file. The built-in metrics are ` +
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

function readMetric(value: unknown, fallback: string, what: string): Metric {
  if (typeof value === "function") {
    const score = value as (sample: ScoredSample) => number;
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
  const { name = fallback, unit = "", higherIsBetter = true, usesLabels = false } = metric;
  return {
    ...infoOf({ ...metric, name, unit, higherIsBetter }),
    usesLabels,
    ...(metric.resolution !== undefined && { resolution: metric.resolution }),
    score: (sample) => metric.score!(sample),
  };
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
];
