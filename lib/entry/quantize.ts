/**
 * Quantizing alone: reads a model, fuses, prepares, calibrates, converts and writes, without databases,
 * charts and the runtime. Imported as `octavo/quantize`, in a fraction of the time that `octavo` takes.
 * It runs in Deno, in Node 20 and later, and in a page. What runs the network, such as `calibrate()`,
 * opens a runtime by itself in Deno only; elsewhere hand it one, or what was calibrated in Deno.
 *
 * @example The weights of a network as int8, without a sample
 * ```ts
 * import { convert, decodeModel, fuse, qconfigMapping, weightOnly } from "octavo/quantize";
 * import { parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const file = parseModel(`
 *   input x float32[N, 64]
 *   output y float32[N, 64]
 *   tensor w float32[64, 64] = [${Array(64 * 64).fill("0.5")}]
 *   y = MatMul(x, w)`).bytes();
 * const int8 = convert(fuse(decodeModel(file)), qconfigMapping({ default: weightOnly() }));
 * assert.equal(int8.plan.rows[0]!.asked, "weightOnly");
 * assert.ok(int8.bytes().length < file.length);
 * ```
 *
 * @module
 */

// A model: bytes in, bytes out.
export { decodeModel, Model, type SaveOptions } from "../onnx/model.ts";
export { readModel } from "../onnx/file.ts";
export { type ModelSummary, summarizeModel } from "../onnx/summary.ts";
export { type Feeds, float32 as float32Tensor, type Tensor } from "../tensor/tensor.ts";
export { UserError } from "../errors.ts";

// The four steps: fuse, prepare, calibrate, convert.
export { fuse, FusedModel, type FuseOptions } from "../passes/fuse.ts";
export { lowerForWasm, type LowerForWasmOptions } from "../passes/lower_for_wasm.ts";
export { prepare } from "../quantize/prepare.ts";
export { calibrate, type CalibrateOptions } from "../calibrate/calibrate.ts";
export {
  type Calibration,
  calibrationFromJson,
  calibrationToJson,
} from "../calibrate/calibration.ts";
export { convert, type ConvertOptions } from "../quantize/convert.ts";
export { QuantizedModel } from "../quantize/quantized_model.ts";
export { Plan } from "../quantize/plan.ts";

// The same in one call.
export { quantizeStatic, type QuantizeStaticOptions } from "../quantize/one_call.ts";
export { quantizeDynamic } from "../quantize/quantize_dynamic.ts";

// How each node is to be computed.
export {
  dynamicInt8,
  float32,
  perChannel,
  perChannelMse,
  perTensor,
  perTensorAffine,
  perTensorMse,
  type QConfig,
  staticInt8,
  type StaticInt8Options,
  type WeightObserver,
  weightOnly,
} from "../quantize/qconfig.ts";
export { type QConfigMapping, qconfigMapping, type Rule } from "../quantize/mapping.ts";
export { defaultQConfigMapping, type Preset } from "../quantize/presets.ts";

// Observers: which range of an activation is kept.
export { minMax, type Observer, percentile } from "../calibrate/observers.ts";
export { meanMinMax, movingAverage } from "../calibrate/sample_observers.ts";
export { histogram } from "../calibrate/l2_histogram.ts";
export { lpNorm, mse } from "../calibrate/least_error.ts";
export { entropy } from "../calibrate/entropy.ts";

// Samples, and what runs the network on them.
export type { Dataset } from "../data/dataset.ts";
export { arrays } from "../data/arrays.ts";
export type { Runtime } from "../runtime/runtime.ts";
