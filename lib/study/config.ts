import { z } from "zod";
import { nearest, UserError } from "../errors.ts";
import { readJsonc } from "./jsonc.ts";
import { mappingConfig, observerName, percentileValue, weightsName } from "./mapping_config.ts";
import { PLACEMENTS } from "./placements.ts";

/**
 * What a sweep is to measure: the product of placements, observers and weight granularities, and
 * how it is to be judged. Written as JSON with comments; everything has a default.
 *
 * ```jsonc
 * {
 *   "placements": ["cnn-static", "mixed", "front-in-float32"],
 *   "observers": ["min-max", "percentile"],
 *   "percentiles": [99.9, 99.99],
 *   "weights": ["per-channel"],
 *   "mappings": {
 *     "front-in-float32": { "default": "static", "rules": [["front", "float32"]] }
 *   }
 * }
 * ```
 */
export const sweepConfig = z.strictObject({
  /** Which nodes are int8, by name: built in, or one of `mappings`. @default all there are */
  placements: z.array(z.string()).min(1).optional(),
  /** How the ranges of static activations are chosen. */
  observers: z.array(observerName).min(1).default(["min-max", "percentile"]),
  /** Shares of values to keep, in percent; one configuration each for the percentile observer. */
  percentiles: z.array(percentileValue).min(1).default([99.99]),
  /** One scale for a whole weight, or one for each of its output channels. */
  weights: z.array(weightsName).min(1).default(["per-channel", "per-tensor"]),
  /** Placements of one's own. */
  mappings: z.record(z.string().min(1), mappingConfig).default({}),
  /** Largest accepted drop of the metric, in its unit. */
  maxDrop: z.number().min(0).optional(),
  /** Samples of each split. */
  calibration: z.int().min(1).optional(),
  selection: z.int().min(2).optional(),
  test: z.int().min(2).optional(),
  /** Seed of the split and of resampled intervals. */
  seed: z.int().min(0).optional(),
  /** Threads of the runtime while latency is measured. */
  threads: z.int().min(1).max(64).optional(),
  /** Samples evaluated at a time. */
  workers: z.int().min(1).max(64).optional(),
});
export type SweepConfig = z.infer<typeof sweepConfig>;

/**
 * Reads a sweep's config.
 *
 * @param text JSON with comments.
 * @param file How messages call it.
 * @throws {UserError} Naming line, key and the nearest valid one.
 */
export function parseSweepConfig(text: string, file = "the config"): SweepConfig {
  const config = readJsonc(text, sweepConfig, file);
  const builtIn = Object.keys(PLACEMENTS);
  const own = Object.keys(config.mappings);
  const taken = own.find((name) => builtIn.includes(name));
  if (taken) {
    throw new UserError(
      `Cannot read ${file}: mapping "${taken}" has the name of a built-in placement; ` +
        `choose another than ${builtIn.join(", ")}`,
    );
  }
  const known = [...builtIn, ...own];
  const unknown = config.placements?.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const [near] = nearest(unknown, known);
    throw new UserError(
      `Cannot read ${file}: unknown placement "${unknown}"; ` +
        (near ? `did you mean "${near}"?` : `known are ${known.join(", ")}`),
    );
  }
  return config;
}
