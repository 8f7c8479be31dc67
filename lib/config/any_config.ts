import { z } from "zod";
import { readJsonc } from "./jsonc.ts";
import { quantizeConfig } from "./mapping_config.ts";
import { type SharedConfig, sharedConfig } from "./shared_config.ts";
import { sweepConfig } from "./sweep_config.ts";

/** Keys of other commands are left to them. */
const others = Object.keys({ ...sweepConfig.shape, ...quantizeConfig.shape })
  .map((key) => [key, z.unknown().optional()]);

const anyConfig = z.strictObject({ ...Object.fromEntries(others), ...sharedConfig.shape });

/**
 * Reads of a config what all commands may take from one: how samples are to be read, and what options say,
 * too. Configs of `sweep` and `quantize` will do.
 *
 * @param file How messages call it.
 * @throws {UserError} Naming line, key and the nearest valid one.
 * @example
 * ```ts
 * import { parseShared } from "./any_config.ts";
 * import assert from "node:assert/strict";
 * const { data } = parseShared(`{ "data": { "wav": { "length": 512 } } } // half a second`);
 * assert.equal(data?.wav?.length, 512);
 * ```
 */
export function parseShared(text: string, file = "the config"): SharedConfig {
  const config = readJsonc(text, anyConfig, file);
  const keys = Object.keys(sharedConfig.shape) as (keyof SharedConfig)[];
  return Object.fromEntries(keys.map((key) => [key, config[key]]));
}
