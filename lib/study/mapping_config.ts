import { z } from "zod";
import { minMax, type Observer, percentile } from "../calibrate/observers.ts";
import { type QConfigMapping, qconfigMapping } from "../quantize/mapping.ts";
import { defaultQConfig, isPreset, PRESETS } from "../quantize/presets.ts";
import {
  dynamicInt8,
  float32,
  perChannel,
  perTensor,
  type QConfig,
  staticInt8,
  type WeightObserver,
  weightOnly,
} from "../quantize/qconfig.ts";
import { readJsonc } from "./jsonc.ts";

/** Observers that a config can name. `percentile` needs the percentile beside it. */
export const observerName = z.literal(["min-max", "percentile"]);

/** Share of the values to keep, in percent. */
export const percentileValue = z.number().gt(50).lte(100);

/** Weight granularities that a config can name. */
export const weightsName = z.literal(["per-channel", "per-tensor"]);

/** How one node is to be computed. */
const KINDS = ["float32", "static", "dynamic", "weightOnly"] as const;
const kindName = z.literal(KINDS);

const qconfigConfig = z.union([
  z.literal([...KINDS, ...PRESETS]),
  z.strictObject({
    kind: kindName,
    observer: observerName.optional(),
    percentile: percentileValue.optional(),
    weights: weightsName.optional(),
    kernels: z.literal(["fast", "any"]).optional(),
  }),
], {
  error: 'expected "float32", "static", "dynamic", "weightOnly", a preset such as "wasm", ' +
    'or an object with a "kind"',
});

const selectorConfig = z.union([
  z.string().min(1),
  z.strictObject({ op: z.string().min(1) }),
], { error: 'a rule begins with a module path, glob or node name, or with { "op": "Conv" }' });

/** A qconfig mapping as a config file writes it: a default, and rules of which later ones win. */
export const mappingConfig = z.strictObject({
  default: qconfigConfig,
  rules: z.array(z.tuple([selectorConfig, qconfigConfig])).default([]),
  /** What to do where a rule asks a node by name or operator for what has no kernel. */
  onUnsupported: z.literal(["error", "float32"]).default("error"),
});
export type MappingConfig = z.infer<typeof mappingConfig>;

/** A {@linkcode MappingConfig} as one writes it. */
export type MappingConfigInput = z.input<typeof mappingConfig>;

const quantizeConfig = mappingConfig.extend({
  observer: observerName.default("min-max"),
  percentile: percentileValue.optional(),
  weights: weightsName.default("per-channel"),
});

/**
 * Reads the config of `quantize`: one mapping, and what its static nodes take where they do not say
 * it themselves. A preset, as `"wasm"` or `"fbgemm"`, says it itself.
 *
 * ```jsonc
 * { "default": "static", "rules": [["front", "float32"]], "percentile": 99.99 }
 * ```
 *
 * @param file How messages call it.
 * @throws {UserError} Naming line, key and the nearest valid one.
 */
export function parseQuantizeConfig(text: string, file = "the config"): QConfigMapping {
  const config = readJsonc(text, quantizeConfig, file);
  const name = config.percentile === undefined ? config.observer : "percentile";
  return toMapping(config, {
    observer: toObserver(name, config.percentile),
    weights: toWeights(config.weights),
  });
}

/** What a qconfig takes where it does not say so itself. */
export interface QConfigDefaults {
  readonly observer: Observer;
  readonly weights: WeightObserver;
}

/** Makes the mapping that a config describes. */
export function toMapping(
  config: Pick<MappingConfig, "default" | "rules" | "onUnsupported">,
  defaults: QConfigDefaults,
): QConfigMapping {
  return qconfigMapping({
    default: toQConfig(config.default, defaults),
    onUnsupported: config.onUnsupported,
    rules: config.rules.map(([selector, qconfig]) => [selector, toQConfig(qconfig, defaults)]),
  });
}

/** The observer of a name. */
export function toObserver(name: z.infer<typeof observerName>, percent = 99.99): Observer {
  return name === "percentile" ? percentile(percent) : minMax();
}

/** The weight observer of a name. */
export function toWeights(name: z.infer<typeof weightsName>): WeightObserver {
  return name === "per-tensor" ? perTensor : perChannel;
}

function toQConfig(config: z.infer<typeof qconfigConfig>, defaults: QConfigDefaults): QConfig {
  if (typeof config === "string" && isPreset(config)) return defaultQConfig(config);
  const settings = typeof config === "string" ? { kind: config } : config;
  const weight = settings.weights ? toWeights(settings.weights) : defaults.weights;
  switch (settings.kind) {
    case "float32":
      return float32;
    case "dynamic":
      return dynamicInt8({ weight });
    case "weightOnly":
      return weightOnly({ weight });
    case "static": {
      // A percentile alone says which observer is meant.
      const name = settings.observer ?? (settings.percentile ? "percentile" : undefined);
      const activation = name ? toObserver(name, settings.percentile) : defaults.observer;
      return staticInt8({ activation, weight, kernels: settings.kernels });
    }
  }
}
