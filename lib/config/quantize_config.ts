import type { z } from "zod";
import { UserError } from "../errors.ts";
import { mappingOfRecipe } from "../quantize/from_recipe.ts";
import type { QConfigMapping } from "../quantize/mapping.ts";
import { isPreset } from "../quantize/presets.ts";
import type { Correction } from "../quantize/quantize_with.ts";
import type { DataConfig } from "./data_config.ts";
import { readJsonc } from "./jsonc.ts";
import { chooseObserver, quantizeConfig, rulesOf } from "./mapping_config.ts";
import { type SharedConfig, sharedConfig } from "./shared_config.ts";
import { sweepConfig } from "./sweep_config.ts";

/** What `quantize` is to make of a network. */
export interface QuantizeConfig {
  readonly mapping: QConfigMapping;
  readonly corrections: readonly Correction[];
  /** How its samples are to be read. */
  readonly data?: DataConfig;
  /** What all commands may take from a config. */
  readonly shared?: SharedConfig;
  /** Whether it says what becomes of nodes, or only how samples are to be read. */
  readonly says: boolean;
}

/**
 * Reads the config of `quantize`, in which every key is optional: one mapping, the preset `"wasm"` by
 * default, and what its static nodes take where they do not say it themselves.
 *
 * ```jsonc
 * { "default": "static", "rules": [["front", "float32"]], "observer": "percentile", "percentile": 99.99 }
 * ```
 *
 * @param file How messages call it.
 * @throws {UserError} Naming line, key and the nearest valid one.
 */
export function parseQuantizeConfig(text: string, file = "the config"): QuantizeConfig {
  const config = readJsonc(text, quantizeConfig, file, {
    elsewhere: (key) =>
      Object.hasOwn(sweepConfig.shape, key)
        ? "is of sweep's form, which measures many; quantize takes one: default and rules"
        : undefined,
  });
  const { corrections, data, weights, ...rest } = config;
  const observer = chooseObserver(config);
  requireEffect(config, file);
  const mapping = mappingOfRecipe({
    ...{ kind: "mapping", base: "fused", name: "quantize", weights, ...rulesOf(config) },
    ...(observer && { observer }),
  }, []);
  const { rules, default: byDefault, onUnsupported: _, ...others } = rest;
  const says = rules.length + corrections.length > 0 || byDefault !== BY_DEFAULT ||
    Object.keys(others).some((key) => !Object.hasOwn(sharedConfig.shape, key));
  return { mapping, corrections, data, says, shared: config };
}

/** What becomes of a node where a config says nothing. */
const BY_DEFAULT = quantizeConfig.parse({}).default;

/** Presets say what they take themselves: an observer beside them alone would make no difference. */
function requireEffect(config: z.infer<typeof quantizeConfig>, file: string): void {
  const forms = [config.default, ...config.rules.map(([, form]) => form)];
  if (!forms.every((form) => form === "float32" || (typeof form === "string" && isPreset(form)))) {
    return;
  }
  const idle = (["observer", "percentile", "power", "bins"] as const)
    .find((key) => config[key] !== undefined);
  if (idle === undefined) return;
  throw new UserError(
    `Cannot read ${file}: "${idle}" has no effect on ${
      JSON.stringify(config.default)
    }, which says ` +
      `itself what it takes; add "default": "static"`,
  );
}
