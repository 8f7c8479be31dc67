import { z } from "zod";
import {
  DEFAULT_OBSERVER,
  type ObserverName,
  type ObserverParameters,
  observerSpec,
  takes,
} from "../calibrate/observer_table.ts";
import { BINS } from "../calibrate/histogram.ts";
import { UserError } from "../errors.ts";
import { isPreset, type Preset, PRESETS } from "../quantize/presets.ts";
import { CORRECTIONS } from "../quantize/quantize_with.ts";
import { WEIGHTS_NAMES, type WeightsName } from "../quantize/weight_observers.ts";
import type { NodeForm, ObserverSpec, Recipe } from "../record/recipe.ts";
import { PART_NAMES, type PartSelector } from "../record/part_name.ts";
import { schemaOf } from "../record/schema_of.ts";
import { binsValue, namedObserver, percentileValue, powerValue } from "./observer_values.ts";
import { sharedConfig } from "./shared_config.ts";

/** Weight granularities that a config can name, and how their scales are chosen. */
export const weightsName = z.literal(WEIGHTS_NAMES);

/** An observer, by name or by a parameter that only one has, and its parameters. */
const observerConfig = {
  observer: namedObserver.describe("how the ranges of static activations are chosen")
    .meta({ default: DEFAULT_OBSERVER }).optional(),
  percentile: percentileValue
    .describe("share of the values that the percentile observer keeps, in per cent")
    .meta({ default: 99.99 }).optional(),
  power: powerValue.describe("power of the errors that the lp-norm observer adds up")
    .meta({ default: 2.4 }).optional(),
  bins: binsValue.describe("most bins of a histogram").meta({ default: BINS }).optional(),
};

const KINDS = ["float32", "static", "dynamic", "weightOnly"] as const;
const kindName = z.literal(KINDS);

/**
 * How one node is to be computed, as a config says it: by kind, by the name of a preset, or in detail.
 * @category Configs (advanced)
 */
export type FormConfig = "float32" | "static" | "dynamic" | "weightOnly" | Preset | FormInDetail;

/**
 * How one node is to be computed, with what its kind takes.
 * @category Configs (advanced)
 */
export interface FormInDetail {
  /** float32, int8 on samples, int8 at run time, or weights alone. */
  kind: "float32" | "static" | "dynamic" | "weightOnly";
  /** How the ranges of static activations are chosen. @default {"lp-norm"} */
  observer?: ObserverName;
  /** Share of the values that the percentile observer keeps, in per cent. @default {99.99} */
  percentile?: number;
  /** Power of the errors that the lp-norm observer adds up. @default {2.4} */
  power?: number;
  /** Most bins of a histogram. @default {4096} */
  bins?: number;
  /** Granularity of the weights' scales. */
  weights?: WeightsName;
  /** Only kernels that are faster than float32's, or any. */
  kernels?: "fast" | "any";
}

const formConfig = schemaOf<FormConfig>()(z.union([
  z.literal([...KINDS, ...PRESETS]),
  z.strictObject({
    kind: kindName.describe("float32, int8 on samples, int8 at run time, or weights alone"),
    ...observerConfig,
    weights: weightsName.describe("granularity of the weights' scales").optional(),
    kernels: z.literal(["fast", "any"]).describe("only kernels that are faster, or any").optional(),
  }),
], {
  error: 'expected "float32", "static", "dynamic", "weightOnly", a preset such as "wasm", ' +
    'or an object with a "kind"',
}));

const selectorConfig = z.union([
  z.string().min(1),
  z.strictObject({ op: z.string().min(1).describe("all nodes of an operator") }),
  z.strictObject({
    part: z.literal(PART_NAMES).describe("all nodes of a part of a transformer"),
    layer: z.int().min(0).describe("in one layer alone").optional(),
  }),
], {
  error: 'a rule begins with a module path, glob or node name, with { "op": "Conv" }, ' +
    'or with { "part": "attention" }',
});

/**
 * A qconfig mapping as a config writes it: a default, and rules of which later ones win.
 * @category Configs (advanced)
 */
export interface MappingConfigInput {
  /** What becomes of a node that no rule names. @default {"wasm"} */
  default?: FormConfig;
  /**
   * Which nodes become something else: by module path, glob, name, operator, or part of a transformer.
   * @default {none}
   */
  rules?: [nodes: string | { op: string } | PartSelector, form: FormConfig][];
  /** What to do where a rule asks a node by name or operator for what has no kernel. @default {"error"} */
  onUnsupported?: "error" | "float32";
}

/** A {@linkcode MappingConfigInput} with its defaults. */
export type MappingConfig = Required<MappingConfigInput>;

export const mappingConfig = schemaOf<MappingConfig, MappingConfigInput>()(z.strictObject({
  default: formConfig.default("wasm").describe("what becomes of a node that no rule names"),
  rules: z.array(
    z.tuple([selectorConfig, formConfig], {
      error: "expected a rule of two: [which nodes, what they become]",
    }),
  ).default([]).describe("which nodes become something else; of several rules the last counts"),
  onUnsupported: z.literal(["error", "float32"]).default("error")
    .describe("what to do where a rule asks a node by name or operator for what has no kernel"),
}));

/** Corrections that a config can name. */
export const correctionName = z.literal(CORRECTIONS);

/** What `quantize` and `ablate` take. */
export const quantizeConfig = mappingConfig.extend({
  ...observerConfig,
  corrections: z.array(correctionName).default([])
    .describe("what is corrected before conversion"),
  ...sharedConfig.shape,
  weights: weightsName.default("per-channel").describe("granularity of the weights' scales"),
});

/** What a mapping of a config asks for, as a recipe says it. */
export type Rules = Pick<Recipe & { kind: "mapping" }, "default" | "rules" | "onUnsupported">;

/** The rules that a config describes. */
export function rulesOf(
  config: Pick<MappingConfig, "default" | "rules" | "onUnsupported">,
): Rules {
  return {
    default: formOf(config.default),
    onUnsupported: config.onUnsupported,
    rules: config.rules.map(([selector, form]) => [selector, formOf(form)]),
  };
}

/**
 * The observer that settings name. A percentile or a power alone says which is meant; other settings
 * that name none leave it to the defaults.
 *
 * @throws {UserError} If a parameter makes no difference to the observer.
 */
export function chooseObserver(
  settings: ObserverParameters & { observer?: ObserverName },
): ObserverSpec | undefined {
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
  return observerSpec(name, settings);
}

/** A form of a config as a recipe says it: a preset by its name, all else in full. */
function formOf(config: FormConfig): string | NodeForm {
  if (typeof config === "string") return isPreset(config) ? config : { kind: config };
  const { kind, weights, kernels } = config;
  if (kind === "float32") return { kind };
  if (kind !== "static") return { kind, ...(weights && { weights }) };
  const observer = chooseObserver(config);
  return {
    kind,
    ...(observer && { observer }),
    ...(weights && { weights }),
    ...(kernels && { kernels }),
  };
}
