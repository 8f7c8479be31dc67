import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { UserError } from "../errors.ts";
import type { Metric, ScoredSample } from "./metric.ts";

/**
 * Loads a metric from a TypeScript or JavaScript module. Its default export is a {@linkcode Metric},
 * of which only `score` is required, or the scoring function alone. What is missing is filled in:
 * the name from the file's, no unit, higher is better.
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
 * @param path Path of the module, relative to the working directory.
 * @throws {UserError} If it is missing, does not load, or exports something else.
 */
export async function loadMetric(path: string | URL): Promise<Metric> {
  const url = path instanceof URL ? path : pathToFileURL(resolve(path));
  const what = `Cannot load the metric ${path}`;
  const found = await Deno.stat(url).catch(() => undefined);
  if (!found?.isFile) throw new UserError(`${what}: there is no such file`);
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
  const expect = (
    key: keyof Metric,
    type: "string" | "boolean" | "function",
    optional: boolean,
  ) => {
    const found = metric[key];
    if (typeof found === type || (optional && found === undefined)) return;
    throw new UserError(
      `${what}: "${key}" must be a ${type}, got ${found === undefined ? "none" : typeof found}`,
    );
  };
  expect("score", "function", false);
  for (const key of ["name", "unit"] as const) expect(key, "string", true);
  for (const key of ["higherIsBetter", "usesLabels", "relative"] as const) {
    expect(key, "boolean", true);
  }
  return {
    name: metric.name ?? fallback,
    unit: metric.unit ?? "",
    higherIsBetter: metric.higherIsBetter ?? true,
    usesLabels: metric.usesLabels ?? false,
    relative: metric.relative ?? false,
    score: (sample) => metric.score!(sample),
  };
}
