import { UserError } from "../errors.ts";
import { infoOf, type Metric, type ScoredSample } from "./metric.ts";

/** How a scoring function is called. */
export const METRIC_SIGNATURE = "({ outputs, reference, label, index }) => number";

/**
 * Makes a metric of what a module exports: fills in what is missing.
 *
 * @param fallback Its name where it has none.
 * @param what How messages begin.
 * @throws {UserError} If it is something else.
 */
export function readMetric(value: unknown, fallback: string, what: string): Metric {
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
