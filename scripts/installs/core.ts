import { fileURLToPath } from "node:url";
import { calibrate } from "../../lib/calibrate/calibrate.ts";
import { calibrationToJson } from "../../lib/calibrate/calibration.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { prepare } from "../../lib/quantize/prepare.ts";
import { staticInt8 } from "../../lib/quantize/qconfig.ts";
import { seedModels } from "../fuzz/seed_models.ts";
import { int8Files } from "./core_module.js";
import type { Installation } from "./installation.ts";

/**
 * Writes what the core is tried with, `core.mjs` and `cases.json`: the installation's network, to be made
 * static, and small ones of other kinds, to be stored small.
 *
 * @returns What the core makes of them here, in Deno, from the sources.
 */
export async function writeCore({ place, model, samples }: Installation): Promise<string> {
  const mapping = qconfigMapping({ default: staticInt8() });
  const ranges = await calibrate(prepare(fuse(model), mapping), samples.slice(0, 20));
  const cases = JSON.stringify([
    { model: model.bytes().toBase64(), calibration: calibrationToJson(ranges) },
    ...seedModels().map((bytes) => ({ model: bytes.toBase64() })),
  ]);
  await place.write("cases.json", cases);
  const source = fileURLToPath(new URL("./core_module.js", import.meta.url));
  await Deno.copyFile(source, place.path("core.mjs"));
  return int8Files(cases);
}
