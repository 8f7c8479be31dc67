import { z } from "zod";
import type { Observer } from "../calibrate/observers.ts";
import { UserError } from "../errors.ts";
import { type QConfigMapping, qconfigMapping } from "../quantize/mapping.ts";
import { type Correction, CORRECTIONS } from "../quantize/quantize_with.ts";
import { defaultQConfig, isPreset, PRESETS } from "../quantize/presets.ts";
import {
  dynamicInt8,
  float32,
  perChannel,
  perChannelMse,
  perTensor,
  perTensorAffine,
  perTensorMse,
  type QConfig,
  staticInt8,
  type WeightObserver,
  weightOnly,
} from "../quantize/qconfig.ts";
import { type DataConfig, dataConfig } from "./data_config.ts";
import { readJsonc } from "./jsonc.ts";
import {
  binsValue,
  DEFAULT_OBSERVER,
  type ObserverName,
  observerName,
  type ObserverParameters,
  percentileValue,
  powerValue,
  takes,
  toObserver,
} from "./observer_config.ts";

const WEIGHTS = {
  "per-channel": perChannel,
  "per-tensor": perTensor,
  "per-channel-mse": perChannelMse,
  "per-tensor-mse": perTensorMse,
  "per-tensor-affine": perTensorAffine,
} satisfies Record<string, WeightObserver>;

/** Name of a way to choose the scales of weights. */
export type WeightsName = keyof typeof WEIGHTS;

/** Weight granularities that a config can name, and how their scales are chosen. */
export const weightsName = z.literal(Object.keys(WEIGHTS) as WeightsName[]);

/** An observer, by name or by a parameter that only one has, and its parameters. */
const observerConfig = {
  observer: observerName.optional(),
  percentile: percentileValue.optional(),
  power: powerValue.optional(),
  bins: binsValue.optional(),
};

/** How one node is to be computed. */
const KINDS = ["float32", "static", "dynamic", "weightOnly"] as const;
const kindName = z.literal(KINDS);

const qconfigConfig = z.union([
  z.literal([...KINDS, ...PRESETS]),
  z.strictObject({
    kind: kindName,
    ...observerConfig,
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

/** Corrections that a config can name. */
export const correctionName = z.literal(CORRECTIONS);

const quantizeConfig = mappingConfig.extend({
  ...observerConfig,
  corrections: z.array(correctionName).default([]),
  data: dataConfig.optional(),
  weights: weightsName.default("per-channel"),
});

/**
 * Reads the config of `quantize`: one mapping, and what its static nodes take where they do not say
 * it themselves. A preset, as `"wasm"` or `"fbgemm"`, says it itself.
 *
 * ```jsonc
 * { "default": "static", "rules": [["front", "float32"]], "observer": "percentile", "percentile": 99.99 }
 * ```
 *
 * @param file How messages call it.
 * @throws {UserError} Naming line, key and the nearest valid one.
 */
export function parseQuantizeConfig(text: string, file = "the config"): QuantizeConfig {
  const config = readJsonc(text, quantizeConfig, file);
  const mapping = toMapping(config, {
    observer: chooseObserver(config) ?? toObserver(DEFAULT_OBSERVER),
    weights: toWeights(config.weights),
  });
  return { mapping, corrections: config.corrections, data: config.data };
}

/** What `quantize` is to make of a network. */
export interface QuantizeConfig {
  readonly mapping: QConfigMapping;
  readonly corrections: readonly Correction[];
  /** How its samples are to be read. */
  readonly data?: DataConfig;
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

/** The weight observer of a name. */
export function toWeights(name: WeightsName): WeightObserver {
  return WEIGHTS[name];
}

/**
 * The observer that settings name. A percentile or a power alone says which is meant; other settings
 * that name none leave it to the defaults.
 *
 * @throws {UserError} If a parameter makes no difference to the observer.
 */
function chooseObserver(
  settings: ObserverParameters & { observer?: ObserverName },
): Observer | undefined {
  const { percentile, power, bins } = settings;
  const name = settings.observer ??
    (percentile !== undefined ? "percentile" : power ?? bins ? DEFAULT_OBSERVER : undefined);
  if (name === undefined) return undefined;
  for (const [parameter, value] of Object.entries({ percentile, power, bins })) {
    if (value === undefined || takes(name, parameter as keyof ObserverParameters)) continue;
    throw new UserError(
      `Cannot use "${parameter}": ${value} with the observer "${name}", which knows no ${parameter}`,
    );
  }
  return toObserver(name, settings);
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
      const activation = chooseObserver(settings) ?? defaults.observer;
      return staticInt8({ activation, weight, kernels: settings.kernels });
    }
  }
}
