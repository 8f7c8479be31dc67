import { z } from "zod";
import { BINS } from "../calibrate/histogram.ts";
import { nearest, UserError } from "../errors.ts";
import { checkValue } from "./schema_mistakes.ts";
import {
  correctionName,
  type MappingConfig,
  mappingConfig,
  type MappingConfigInput,
  weightsName,
} from "./mapping_config.ts";
import { type SharedConfig, sharedConfig } from "./shared_config.ts";
import { binsValue, namedObserver, percentileValue, powerValue } from "./observer_values.ts";
import {
  DEFAULT_OBSERVER,
  OBSERVER_NAMES,
  type ObserverName,
  type ObserverParameters,
  takes,
} from "../calibrate/observer_table.ts";
import type { WeightsName } from "../quantize/weight_observers.ts";
import { schemaOf } from "../record/schema_of.ts";
import { type Correction, CORRECTIONS } from "../quantize/quantize_with.ts";
import { PLACEMENTS } from "../quantize/placements.ts";

/** Exact forms of the network that a config can name. */
const REWRITES = ["fused", "lowered"] as const;

/**
 * A product of choices: every combination of them is measured. A list that is left out has its default.
 * @category Configs (advanced)
 */
export interface SweepProduct {
  /** Which nodes are int8, by name: built in, or one of `mappings`. @default {all there are} */
  placements?: string[];
  /** How the ranges of static activations are chosen. @default {["lp-norm"]} */
  observers?: ObserverName[];
  /** Shares of values to keep, in per cent, each for the percentile observer. @default {[99.99]} */
  percentiles?: number[];
  /** Powers of the error, each for the lp-norm observer. @default {[2.4]} */
  powers?: number[];
  /** Most bins of the histograms, each for every observer that looks at them. @default {[4096]} */
  bins?: number[];
  /** Numbers of calibration samples, from the front of the split. @default {["all"]} */
  calibrationSizes?: (number | "all")[];
  /** Granularities of the weights' scales. @default {["per-channel"]} */
  weights?: WeightsName[];
  /** What is corrected before conversion: each entry one or several together. @default {["none"]} */
  corrections?: ("none" | Correction | Correction[])[];
  /** Exact forms of the float32 network to start from. @default {["fused"]} */
  rewrites?: ("fused" | "lowered")[];
}

const product = schemaOf<SweepProduct>()(z.strictObject({
  placements: z.array(z.string()).min(1)
    .describe(
      "which nodes are int8, by name: built in, or one of mappings; by default all there are",
    )
    .optional(),
  observers: z.array(namedObserver).min(1)
    .describe("how the ranges of static activations are chosen; with percentiles percentile too")
    .meta({ default: [DEFAULT_OBSERVER] }).optional(),
  percentiles: z.array(percentileValue).min(1)
    .describe("shares of values to keep, in per cent, each for the percentile observer")
    .meta({ default: [99.99] }).optional(),
  powers: z.array(powerValue).min(1).describe("powers of the error, each for the lp-norm observer")
    .meta({ default: [2.4] }).optional(),
  bins: z.array(binsValue).min(1)
    .describe("most bins of the histograms, each for every observer that looks at them")
    .meta({ default: [BINS] }).optional(),
  calibrationSizes: z.array(
    z.union([z.int().min(1), z.literal("all")], {
      error: 'expected a whole number from 1, or "all"',
    }),
  ).min(1).describe(
    "numbers of calibration samples, from the front of the split: how few are enough",
  )
    .meta({ default: ["all"] }).optional(),
  weights: z.array(weightsName).min(1)
    .describe("one scale for a whole weight, or for each output channel of it")
    .meta({ default: ["per-channel"] }).optional(),
  corrections: z.array(
    z.union([z.literal(["none", ...CORRECTIONS]), z.array(correctionName).min(1)], {
      error: `expected "none", ${
        CORRECTIONS.map((name) => `"${name}"`).join(", ")
      }, or a list of these`,
    }),
  ).min(1).describe("what is corrected before conversion: each entry one or several together")
    .meta({ default: ["none"] }).optional(),
  rewrites: z.array(z.enum(REWRITES)).min(1)
    .describe("exact forms of the float32 network to start from")
    .meta({ default: ["fused"] }).optional(),
}));

/**
 * What a sweep is to measure: the product of placements, observers and weight granularities, and
 * how it is to be judged. Written as JSON with comments; everything has a default.
 *
 * ```jsonc
 * {
 *   "placements": ["cnn-static", "mixed", "front-in-float32"],
 *   "observers": ["lp-norm", "min-max", "percentile"],
 *   "percentiles": [99.9, 99.99],
 *   "calibrationSizes": [4, 16, 64, "all"],
 *   "corrections": ["none", "bias", ["equalize", "bias"]],
 *   "mappings": {
 *     "front-in-float32": { "default": "static", "rules": [["front", "float32"]] }
 *   },
 *   "more": [{ "placements": ["mixed"], "weights": ["per-tensor"] }]
 * }
 * ```
 * @category Configs (advanced)
 */
export interface SweepConfigInput extends SweepProduct, SharedConfig {
  /** Further products, beside the first. */
  more?: SweepProduct[];
  /** Placements of one's own, by name. @default {none} */
  mappings?: Record<string, MappingConfigInput>;
  /**
   * `fast`: no layer is int8 whose int8 kernel is measured to be slower than float32's; `any`: all that a
   * placement says. @default {"fast"}
   */
  kernels?: "fast" | "any";
}

/** A {@linkcode SweepConfigInput} with its defaults. */
export interface SweepConfig extends Omit<SweepConfigInput, "mappings"> {
  mappings: Record<string, MappingConfig>;
}

export const sweepConfig = schemaOf<SweepConfig, SweepConfigInput>()(product.extend({
  more: z.array(product).describe("further products, beside the first").optional(),
  mappings: z.record(z.string().min(1), mappingConfig).default({})
    .describe("placements of one's own, by name: each as quantize's form"),
  kernels: z.enum(["fast", "any"])
    .describe(
      "fast: no layer is int8 whose int8 kernel is measured to be slower than float32's; any: all " +
        "that a placement says",
    )
    .meta({ default: "fast" }).optional(),
  ...sharedConfig.shape,
}));

/** A product with every list filled in. */
export type Product = Required<SweepProduct>;

/**
 * What is measured where a config names no choice: every placement with the default observer; around
 * `mixed` two others and per-tensor weights; and the lowered network, in float32 and as small as it
 * gets.
 */
const DEFAULT_PRODUCTS: readonly SweepProduct[] = [
  {},
  { placements: ["mixed"], observers: ["min-max", "percentile"] },
  { placements: ["mixed"], weights: ["per-tensor"] },
  { placements: ["float32"], rewrites: ["lowered"] },
  { placements: ["compact"], observers: ["lp-norm", "percentile"], rewrites: ["lowered"] },
];

/**
 * The products of a config, or the default ones if it names no choice at all.
 *
 * @param suits Whether a placement that the config does not name is worth measuring. @default {all are}
 */
export function productsOf(
  config: SweepConfig,
  suits: (placement: string) => boolean = () => true,
): Product[] {
  const every = [...Object.keys(PLACEMENTS).filter(suits), ...Object.keys(config.mappings)];
  const chosen = config.more !== undefined ||
    Object.keys(product.shape).some((key) =>
      config[key as keyof typeof product.shape] !== undefined
    );
  return (chosen ? [config, ...config.more ?? []] : DEFAULT_PRODUCTS).map((product) => ({
    placements: product.placements ?? every,
    observers: product.observers ??
      (product.percentiles ? [DEFAULT_OBSERVER, "percentile"] : [DEFAULT_OBSERVER]),
    percentiles: product.percentiles ?? [99.99],
    powers: product.powers ?? [2.4],
    bins: product.bins ?? [BINS],
    calibrationSizes: product.calibrationSizes ?? ["all"],
    weights: product.weights ?? ["per-channel"],
    corrections: product.corrections ?? ["none"],
    rewrites: product.rewrites ?? ["fused"],
  }));
}

/** Lists of parameters, and what an observer calls one of them. */
const PARAMETERS = {
  percentiles: "percentile",
  powers: "power",
  bins: "bins",
} as const satisfies Record<string, keyof ObserverParameters>;

/** Observers that a parameter makes a difference to. */
function takers(parameter: keyof ObserverParameters): string[] {
  return OBSERVER_NAMES.filter((name) => takes(name, parameter));
}

/** Refuses a list that would make no difference, as no observer beside it looks at it. */
function refuseIdle(config: SweepConfig, file: string): void {
  for (const { observers, ...product } of [config, ...config.more ?? []]) {
    if (observers === undefined) continue; // those by default are chosen to suit
    for (const [list, parameter] of Object.entries(PARAMETERS)) {
      if (product[list as keyof typeof PARAMETERS] === undefined) continue;
      if (observers.some((name) => takes(name, parameter))) continue;
      throw new UserError(
        `Cannot read ${file}: "${list}" has no effect on the observers ${observers.join(", ")}; ` +
          `add "${takers(parameter).join('" or "')}" to "observers" or remove it`,
      );
    }
  }
}

/**
 * Checks a sweep's config that was made in code.
 *
 * @throws {UserError} Naming the key and the nearest valid one.
 */
export function checkSweepConfig(config: SweepConfigInput): SweepConfig {
  return requireSensible(checkValue(config, sweepConfig, "options.config"), "options.config");
}

/** Refuses what the schema lets through: names of nothing, and lists that make no difference. */
export function requireSensible(config: SweepConfig, file: string): SweepConfig {
  const builtIn = Object.keys(PLACEMENTS);
  const own = Object.keys(config.mappings);
  const taken = own.find((name) => builtIn.includes(name));
  if (taken) {
    throw new UserError(
      `Cannot read ${file}: mapping "${taken}" has the name of a built-in placement; ` +
        `choose another than ${builtIn.join(", ")}`,
    );
  }
  refuseIdle(config, file);
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
