import { calibrate } from "../../lib/calibrate/calibrate.ts";
import { calibrationToJson } from "../../lib/calibrate/calibration.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { prepare } from "../../lib/quantize/prepare.ts";
import { staticInt8 } from "../../lib/quantize/qconfig.ts";
import type { Feeds } from "../../lib/tensor/tensor.ts";

/**
 * The core as Node and a page use it, which have no workers of ours: what was calibrated in Deno comes as
 * JSON. A module that exports `quantized(bytes, calibration)`.
 */
export const CORE_MODULE = `
import {
  calibrationFromJson, convert, decodeModel, fuse, qconfigMapping, staticInt8,
} from "octavo/quantize";

export function quantized(bytes, calibration) {
  const fused = fuse(decodeModel(bytes));
  const mapping = qconfigMapping({ default: staticInt8() });
  return convert(fused, mapping, calibrationFromJson(calibration)).bytes();
}
`;

/** What the core needs, and the file that it is to make of that, both made here in Deno. */
export async function expectedOfCore(
  model: Model,
  samples: readonly Feeds[],
): Promise<{ calibration: unknown; int8: Uint8Array }> {
  const fused = fuse(model);
  const mapping = qconfigMapping({ default: staticInt8() });
  const calibration = await calibrate(prepare(fused, mapping), samples);
  const int8 = convert(fused, mapping, calibration).bytes();
  return { calibration: calibrationToJson(calibration), int8 };
}
