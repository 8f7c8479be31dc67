/**
 * The core as its users have it in Node and in pages, where there is no runtime of Octavo's: the very
 * file that runs there, and in Deno too, to hold the results against each other.
 */
import {
  calibrationFromJson,
  convert,
  decodeModel,
  fuse,
  qconfigMapping,
  staticInt8,
  weightOnly,
} from "octavo/quantize";

/**
 * Reads networks, makes them int8 and writes them.
 *
 * @param {string} cases JSON: of each the file in base64, and the calibration from Deno that makes it
 * static; without one, weights are stored small.
 * @returns {string} JSON: the files in base64.
 */
export function int8Files(cases) {
  return JSON.stringify(
    JSON.parse(cases).map(({ model, calibration }) => {
      const bytes = Uint8Array.from(atob(model), (character) => character.charCodeAt(0));
      return btoa(String.fromCharCode(...quantized(bytes, calibration)));
    }),
  );
}

function quantized(bytes, calibration) {
  const fused = fuse(decodeModel(bytes));
  const qconfig = calibration ? staticInt8() : weightOnly();
  const mapping = qconfigMapping({ default: qconfig, onUnsupported: "float32" });
  return convert(fused, mapping, calibration && calibrationFromJson(calibration)).bytes();
}
