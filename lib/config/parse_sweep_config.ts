import { readJsonc } from "./jsonc.ts";
import { quantizeConfig } from "./mapping_config.ts";
import { requireSensible, type SweepConfig, sweepConfig } from "./sweep_config.ts";

/**
 * Reads a sweep's config.
 *
 * @param text JSON with comments.
 * @param file How messages call it.
 * @throws {UserError} Naming line, key and the nearest valid one.
 */
export function parseSweepConfig(text: string, file = "the config"): SweepConfig {
  const elsewhere = (key: string) =>
    Object.hasOwn(quantizeConfig.shape, key)
      ? 'is of quantize\'s form; put it under mappings: { "mappings": { "mine": { ... } } }'
      : undefined;
  return requireSensible(readJsonc(text, sweepConfig, file, { elsewhere }), file);
}
