/**
 * Octavo quantizes ONNX networks to int8 for onnxruntime-web's WASM kernels and measures what that
 * bought. This is its public face: what most users need. What shows something in a notebook is in
 * `octavo/notebook`; what goes deeper, such as graphs as text and single passes, in `octavo/advanced`;
 * quantizing alone, for Node and pages too, in `octavo/quantize`.
 *
 * Its names fall into groups. **Model**: a file, and what it is made of. **Steps**: fuse, prepare, calibrate,
 * convert, one by one or in one call. **QConfigs**: how each node is to be computed. **Observers**: which
 * range of an activation is kept. **Samples**: data sets. **Measuring**: accuracy and time of one model, or of
 * two. **Studies**: many trials, their records and their report.
 *
 * @example From a float32 network and its samples to int8, and what that costs
 * ```ts
 * import { arrays, compare, float32Tensor, quantizeStatic, sqnr } from "octavo";
 * import { parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * // Of your own: await readModel("model.onnx"), await npzDataset("samples.npz", model).
 * const model = parseModel(`
 *   input x float32[N, 2]
 *   output y float32[N, 2]
 *   tensor w float32[2, 2] = [0.5, -1.0, -0.25, 1.0]
 *   y = Gemm(x, w)`);
 * const x = float32Tensor([20, 2], Float32Array.from({ length: 40 }, (_, i) => Math.sin(i)));
 * const data = arrays({ x });
 *
 * const int8 = await quantizeStatic(model, data);
 * const comparison = await compare(model, int8, data, {
 *   metric: sqnr(),
 *   timedSamples: 0, // by default both are timed in turns, too
 *   coldRounds: 0,
 * });
 * assert.ok(comparison.candidate.value.value > 25); // dB
 * ```
 *
 * @module
 */

// A model: bytes in, bytes out.
export { decodeModel, Model } from "./lib/onnx/model.ts";
export { readModel } from "./lib/onnx/file.ts";
export { type ModelSummary, summarizeModel } from "./lib/onnx/summary.ts";
export { type Feeds, float32 as float32Tensor, type Tensor } from "./lib/tensor/tensor.ts";

// The four steps: fuse, prepare, calibrate, convert.
export { fuse, FusedModel, type FuseOptions } from "./lib/passes/fuse.ts";
export { specialize } from "./lib/passes/specialize.ts";
export type { Pass } from "./lib/passes/pass.ts";
export { prepare } from "./lib/quantize/prepare.ts";
export { calibrate, type CalibrateOptions, calibrateSizes } from "./lib/calibrate/calibrate.ts";
export {
  type Calibration,
  calibrationFromJson,
  calibrationToJson,
} from "./lib/calibrate/calibration.ts";
export { convert, type ConvertOptions } from "./lib/quantize/convert.ts";
export { QuantizedModel } from "./lib/quantize/quantized_model.ts";
export { Plan } from "./lib/quantize/plan.ts";
export type { PlanRow } from "./lib/record/plan_record.ts";

// The same in one call.
export { quantizeStatic, type QuantizeStaticOptions, readBack } from "./lib/quantize/one_call.ts";
export { quantizeDynamic } from "./lib/quantize/quantize_dynamic.ts";
export {
  type Correction,
  quantizeWith,
  type QuantizeWithOptions,
} from "./lib/quantize/quantize_with.ts";

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
} from "./lib/quantize/qconfig.ts";
export { type QConfigMapping, qconfigMapping, type Rule } from "./lib/quantize/mapping.ts";
export { defaultQConfigMapping, type Preset } from "./lib/quantize/presets.ts";

// Observers: which range of an activation is kept.
export { minMax, type Observer, percentile } from "./lib/calibrate/observers.ts";
export { meanMinMax, movingAverage } from "./lib/calibrate/sample_observers.ts";
export { histogram } from "./lib/calibrate/l2_histogram.ts";
export { lpNorm, mse } from "./lib/calibrate/least_error.ts";
export { entropy } from "./lib/calibrate/entropy.ts";

// Samples.
export { type Dataset, samples, select, slice } from "./lib/data/dataset.ts";
export { arrays } from "./lib/data/arrays.ts";
export { collect } from "./lib/data/collect.ts";
export { images } from "./lib/data/images.ts";
export { noise } from "./lib/data/noise.ts";
export { npzDataset } from "./lib/data/npz_dataset.ts";
export { readNpz, writeNpz } from "./lib/data/npz.ts";
export { stateful } from "./lib/data/stateful.ts";
export { readWav, windows } from "./lib/data/wav.ts";
export { splitDataset, type Splits } from "./lib/data/split.ts";
export { sampleModel, visemes } from "./lib/data/visemes.ts";

// Measuring.
export { openRuntime } from "./lib/runtime/open_runtime.ts";
export type { Runtime, RuntimeOptions } from "./lib/runtime/runtime.ts";
export { evaluate, type Evaluation } from "./lib/evaluate/evaluate.ts";
export { withErrors } from "./lib/evaluate/plan_errors.ts";
export type { Metric } from "./lib/evaluate/metric.ts";
export { agreement } from "./lib/evaluate/metrics/agreement.ts";
export { cosine } from "./lib/evaluate/metrics/cosine.ts";
export { sqnr } from "./lib/evaluate/metrics/sqnr.ts";
export { top1 } from "./lib/evaluate/metrics/top1.ts";
export { compare, type CompareOptions, Comparison } from "./lib/task/run_compare.ts";
export { Profile, profile } from "./lib/task/run_profile.ts";
export { optimize } from "./lib/task/run_optimize.ts";
export type { OptimizeOptions } from "./lib/task/optimize_options.ts";
export { Optimized } from "./lib/task/optimized.ts";

// Studies: many trials, their records and their report.
export { sweep } from "./lib/task/run_sweep.ts";
export type { SweepOptions } from "./lib/task/sweep_options.ts";
export { search } from "./lib/task/run_search.ts";
export type { SearchOptions } from "./lib/task/search_options.ts";
export { ablate } from "./lib/task/run_ablation.ts";
export type { AblateOptions } from "./lib/task/ablate_options.ts";
export { Ablation } from "./lib/task/ablation.ts";
export { runStudy } from "./lib/task/run_study.ts";
export type { StudyOptions } from "./lib/task/study_options.ts";
export type { RuntimesOptions } from "./lib/study/runtimes.ts";
export type { StudyContext, StudyStrategy } from "./lib/task/study_strategy.ts";
export { remakeTrial } from "./lib/task/remake_trial.ts";
export type { AblationRecord } from "./lib/record/ablation_record.ts";
export type { StudyEvent } from "./lib/record/event.ts";
export type { Recipe } from "./lib/record/recipe.ts";
export type { Study } from "./lib/record/study_record.ts";
export type { Trial } from "./lib/record/trial_record.ts";
export { memoryStore } from "./lib/study/memory_store.ts";
export type { Store } from "./lib/study/store.ts";
export { writeReport } from "./lib/report/write_report.ts";

// Mistakes in what the user brought.
export { UserError } from "./lib/errors.ts";
