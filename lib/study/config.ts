import { z } from "zod";
import { nearest, UserError } from "../errors.ts";
import { readJsonc } from "./jsonc.ts";
import { mappingConfig, observerName, percentileValue, weightsName } from "./mapping_config.ts";
import { PLACEMENTS } from "./placements.ts";
import { REWRITES } from "./rewrites.ts";

/** A product of choices; a list that is left out has its default. */
const product = z.strictObject({
  /** Which nodes are int8, by name: built in, or one of `mappings`. @default all there are */
  placements: z.array(z.string()).min(1).optional(),
  /** How the ranges of static activations are chosen. @default min-max and percentile */
  observers: z.array(observerName).min(1).optional(),
  /** Shares of values to keep, in percent, each for the percentile observer. @default 99.99 */
  percentiles: z.array(percentileValue).min(1).optional(),
  /** One scale for a whole weight, or for each output channel of it. @default per-channel */
  weights: z.array(weightsName).min(1).optional(),
  /** Exact forms of the float32 network to start from. @default fused */
  rewrites: z.array(z.enum(REWRITES)).min(1).optional(),
});

/**
 * What a sweep is to measure: the product of placements, observers and weight granularities, and
 * how it is to be judged. Written as JSON with comments; everything has a default.
 *
 * ```jsonc
 * {
 *   "placements": ["cnn-static", "mixed", "front-in-float32"],
 *   "observers": ["min-max", "percentile"],
 *   "percentiles": [99.9, 99.99],
 *   "mappings": {
 *     "front-in-float32": { "default": "static", "rules": [["front", "float32"]] }
 *   },
 *   "more": [{ "placements": ["mixed"], "weights": ["per-tensor"] }]
 * }
 * ```
 */
export const sweepConfig = product.extend({
  /** Further products, beside the first. */
  more: z.array(product).optional(),
  /** Placements of one's own. */
  mappings: z.record(z.string().min(1), mappingConfig).default({}),
  /** Largest accepted drop of the metric, in its unit. */
  maxDrop: z.number().min(0).optional(),
  /** Samples of each split. */
  calibration: z.int().min(1).optional(),
  selection: z.int().min(2).optional(),
  test: z.int().min(2).optional(),
  /** Seed of the split. */
  seed: z.int().min(0).optional(),
  /** Threads of the runtime while latency is measured. */
  threads: z.int().min(1).max(64).optional(),
  /** Samples evaluated at a time. */
  workers: z.int().min(1).max(64).optional(),
});
export type SweepConfig = z.infer<typeof sweepConfig>;

/** A {@linkcode SweepConfig} as one writes it. */
export type SweepConfigInput = z.input<typeof sweepConfig>;

/** A product with every list filled in. */
export type Product = Required<z.infer<typeof product>>;

/**
 * What is measured where a config names no choice: every placement by min-max; around `mixed` two
 * percentiles and per-tensor weights; and the lowered network, in float32 and as small as it gets.
 */
const DEFAULT_PRODUCTS: readonly Partial<Product>[] = [
  { observers: ["min-max"] },
  { placements: ["mixed"], observers: ["percentile"], percentiles: [99.99, 99.9] },
  { placements: ["mixed"], observers: ["min-max"], weights: ["per-tensor"] },
  { placements: ["float32"], rewrites: ["lowered"] },
  { placements: ["compact"], rewrites: ["lowered"] },
];

/** The products of a config, or the default ones if it names no choice at all. */
export function productsOf(config: SweepConfig): Product[] {
  const { placements, observers, percentiles, weights, rewrites, more } = config;
  const every = [...Object.keys(PLACEMENTS), ...Object.keys(config.mappings)];
  const chosen = [placements, observers, percentiles, weights, rewrites, more].some((list) => list);
  return (chosen ? [config, ...more ?? []] : DEFAULT_PRODUCTS).map((product) => ({
    placements: product.placements ?? every,
    observers: product.observers ?? ["min-max", "percentile"],
    percentiles: product.percentiles ?? [99.99],
    weights: product.weights ?? ["per-channel"],
    rewrites: product.rewrites ?? ["fused"],
  }));
}

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
  const unknown = productsOf(config).flatMap(({ placements }) => placements)
    .find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const [near] = nearest(unknown, known);
    throw new UserError(
      `Cannot read ${file}: unknown placement "${unknown}"; ` +
        (near ? `did you mean "${near}"?` : `known are ${known.join(", ")}`),
    );
  }
  return config;
}
