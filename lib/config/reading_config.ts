import { z } from "zod";
import type { DataConfig } from "./data_config.ts";
import { readJsonc } from "./jsonc.ts";
import { quantizeConfig } from "./mapping_config.ts";
import { sharedConfig } from "./shared_config.ts";
import { sweepConfig } from "./sweep_config.ts";

/** Keys of other commands are left to them. */
const others = Object.keys({ ...sweepConfig.shape, ...quantizeConfig.shape })
  .map((key) => [key, z.unknown().optional()]);

const readingConfig = z.strictObject({ ...Object.fromEntries(others), ...sharedConfig });

/**
 * Reads of a config how samples are to be read, for commands that take nothing else from one. Configs
 * of `sweep` and `quantize` will do, too.
 *
 * @param file How messages call it.
 * @throws {UserError} Naming line, key and the nearest valid one.
 * @example
 * ```ts
 * import { parseReading } from "./reading_config.ts";
 * import assert from "node:assert/strict";
 * const reading = parseReading(`{ "data": { "wav": { "length": 512 } } } // half a second`);
 * assert.equal(reading.wav?.length, 512);
 * ```
 */
export function parseReading(text: string, file = "the config"): DataConfig {
  return readJsonc(text, readingConfig, file).data ?? {};
}
