/**
 * Octavo quantizes ONNX networks to int8 for onnxruntime-web's WASM kernels and measures what that
 * bought. This is its public face: what a notebook imports.
 *
 * @module
 */

// A model: bytes in, bytes out.
export { decodeModel, Model, type ModelOptions, type SaveOptions } from "./lib/onnx/model.ts";
export { readModel } from "./lib/onnx/file.ts";
export { raiseOpset } from "./lib/onnx/opset.ts";
export { parseGraph, type ParseOptions, printGraph, type PrintOptions } from "./lib/onnx/text.ts";
export { modulePaths } from "./lib/onnx/module_path.ts";
export { type ModelSummary, type NodeSummary, summarizeModel } from "./lib/onnx/summary.ts";
export {
  elementCount,
  type ElementType,
  type Feeds,
  float32 as float32Tensor,
  type Tensor,
  type ValueType,
} from "./lib/tensor/tensor.ts";

// The four steps: fuse, prepare, calibrate, convert.
export { fuse, FusedModel, type FuseOptions } from "./lib/passes/fuse.ts";
export type { FusedGroup } from "./lib/passes/fused_group.ts";
export { prepare, type Prepared } from "./lib/quantize/prepare.ts";
export {
  calibrate,
  type CalibrateOptions,
  calibrateSizes,
  type Watched,
} from "./lib/calibrate/calibrate.ts";
export {
  type Calibration,
  calibrationFromJson,
  calibrationToJson,
} from "./lib/calibrate/calibration.ts";
export { convert, type ConvertOptions, type QuantFormat } from "./lib/quantize/convert.ts";
export { QuantizedModel, type Trace } from "./lib/quantize/quantized_model.ts";
export { Plan } from "./lib/quantize/plan.ts";
export type { PlanRow } from "./lib/record/plan_record.ts";
export {
  quantizeDynamic,
  quantizeStatic,
  type QuantizeStaticOptions,
  readBack,
} from "./lib/quantize/one_call.ts";

// Corrections: what makes a network fitter for int8, before conversion.
export { equalize, type EqualizeOptions } from "./lib/passes/equalize.ts";
export { CorrectedModel } from "./lib/passes/corrected_model.ts";
export { correctBias, type CorrectBiasOptions } from "./lib/quantize/correct_bias.ts";
export { smooth, type SmoothOptions } from "./lib/quantize/smooth.ts";
export {
  type Correction,
  CORRECTIONS,
  type QuantizedWith,
  quantizeWith,
  type QuantizeWithOptions,
} from "./lib/quantize/quantize_with.ts";

// Exact float32 rewrites for the WASM kernels, with shapes learnt from a sample.
export { learnShapes } from "./lib/runtime/learn_shapes.ts";
export { type OpenDimension, ShapeMap, type ValueShape } from "./lib/onnx/shape_map.ts";
export {
  LoweredModel,
  lowerForWasm,
  type LowerForWasmOptions,
} from "./lib/passes/lower_for_wasm.ts";
export type { ConvToGemmOptions } from "./lib/passes/conv_to_gemm.ts";
export type { GemmForm, PlainConv } from "./lib/passes/gemm_forms.ts";
export type { RewriteOptions } from "./lib/passes/replacement.ts";

// How each node is to be computed.
export {
  type DynamicInt8,
  dynamicInt8,
  type Float32,
  float32,
  perChannel,
  perChannelMse,
  perTensor,
  perTensorAffine,
  perTensorMse,
  type QConfig,
  type StaticInt8,
  staticInt8,
  type StaticInt8Options,
  type WeightObserver,
  type WeightOnly,
  weightOnly,
  type WeightOnlyOptions,
} from "./lib/quantize/qconfig.ts";
export {
  type QConfigMapping,
  qconfigMapping,
  type Rule,
  type Selector,
} from "./lib/quantize/mapping.ts";
export {
  defaultQConfig,
  defaultQConfigMapping,
  type Preset,
  PRESETS,
} from "./lib/quantize/presets.ts";
export { minMax, type Observer, percentile } from "./lib/calibrate/observers.ts";
export { meanMinMax, movingAverage } from "./lib/calibrate/sample_observers.ts";
export { histogram } from "./lib/calibrate/l2_histogram.ts";
export { lpNorm, mse } from "./lib/calibrate/least_error.ts";
export { entropy } from "./lib/calibrate/entropy.ts";
export { withBins } from "./lib/calibrate/with_bins.ts";
export { clipSqnr, quantizationError } from "./lib/calibrate/quantization_error.ts";
export { FIXED_RANGES, fixedRange } from "./lib/calibrate/fixed_range.ts";
export type { TensorStatistics } from "./lib/calibrate/statistics.ts";
export type { ChannelStatistics } from "./lib/calibrate/channel_statistics.ts";
export type { SampleExtremes } from "./lib/calibrate/sample_extremes.ts";
export type { Histogram } from "./lib/calibrate/histogram.ts";
export type { Range } from "./lib/calibrate/range.ts";

// Samples.
export { type Dataset, samples, select, slice } from "./lib/data/dataset.ts";
export { arrays, type ArraysOptions } from "./lib/data/arrays.ts";
export { collect, type CollectOptions } from "./lib/data/collect.ts";
export { images } from "./lib/data/images.ts";
export type { ImagesOptions } from "./lib/data/images/options.ts";
export type { ChannelOrder } from "./lib/data/images/picture.ts";
export type { ResizeFilter } from "./lib/data/images/resize.ts";
export { npzDataset } from "./lib/data/npz_dataset.ts";
export { readNpz, writeNpz } from "./lib/data/npz.ts";
export { readNpy, writeNpy } from "./lib/data/npy.ts";
export { stateful, type StatefulOptions } from "./lib/data/stateful.ts";
export type { Stream } from "./lib/data/stream.ts";
export {
  readWav,
  type ReadWavOptions,
  type Wav,
  windows,
  type WindowsOptions,
} from "./lib/data/wav.ts";
export { splitDataset, type SplitOptions, type Splits } from "./lib/data/split.ts";
export { sampleModel, visemes, type VisemesOptions } from "./lib/data/visemes.ts";

// Measuring.
export { compare, type CompareOptions, Comparison } from "./lib/task/run_compare.ts";
export { evaluate, type EvaluateOptions, type Evaluation } from "./lib/evaluate/evaluate.ts";
export {
  errorGrowth,
  type ErrorGrowthOptions,
  sqnrAlong,
  type StepError,
} from "./lib/evaluate/error_growth.ts";
export type { Metric, ScoredSample } from "./lib/evaluate/metric.ts";
export { agreement } from "./lib/evaluate/metrics/agreement.ts";
export { cosine } from "./lib/evaluate/metrics/cosine.ts";
export { sqnr } from "./lib/evaluate/metrics/sqnr.ts";
export { top1 } from "./lib/evaluate/metrics/top1.ts";
export {
  machineFingerprint,
  openRuntime,
  openSession,
  runtimeVersions,
} from "./lib/runtime/open_runtime.ts";
export type { Session, SessionOptions } from "./lib/runtime/session.ts";
export type { RunOptions, Runtime, RuntimeOptions } from "./lib/runtime/runtime.ts";
export { runDataset, type SampleRun } from "./lib/runtime/run_dataset.ts";
export type { ProfileModelOptions } from "./lib/profile/profile_model.ts";
export { Profile, profile } from "./lib/task/run_profile.ts";
export { optimize, type OptimizeOptions } from "./lib/task/run_optimize.ts";
export type { ConvProduct } from "./lib/record/recipe.ts";
export { Optimized, type OptimizedParts } from "./lib/task/optimized.ts";
export { withErrors, type WithErrorsOptions } from "./lib/evaluate/plan_errors.ts";
export { withTimes } from "./lib/profile/plan_times.ts";
export { noise } from "./lib/data/noise.ts";
export { UsageError, UserError } from "./lib/errors.ts";

// Studies: many configurations, their records and their report.
export { search, type SearchOptions } from "./lib/task/run_search.ts";
export { remakeTrial } from "./lib/task/remake_trial.ts";
export { runStudy } from "./lib/task/run_study.ts";
export type { StudyOptions } from "./lib/task/study_options.ts";
export type { StudyContext, StudyStrategy } from "./lib/task/study_strategy.ts";
export type { Recipe } from "./lib/record/recipe.ts";
export type { Store } from "./lib/study/store.ts";
export type { StudyEvent } from "./lib/record/event.ts";
export type { Objective } from "./lib/record/best.ts";
export { sweep, type SweepOptions } from "./lib/task/run_sweep.ts";
export { describeRanges, type DescribeRangesOptions } from "./lib/calibrate/describe_ranges.ts";
export type { ProfiledNode, ProfileRecord } from "./lib/record/profile_record.ts";
export type { RangesRecord, TensorRange } from "./lib/record/ranges_record.ts";
export type { DecisionRow, SearchRecord } from "./lib/record/search_record.ts";
export type { Study } from "./lib/record/study_record.ts";
export type { Trial } from "./lib/record/trial_record.ts";

// Charts and tables, as a notebook shows them.
export { Table, table } from "./lib/display.ts";
export {
  decisionsOf,
  differencesOf,
  planOf,
  rangesOf,
  samplesOf,
  scatterOf,
  type Shown,
  sizesOf,
  trialsOf,
} from "./lib/report/notebook_display.ts";
export { comparisonsOf } from "./lib/report/comparison_chart.ts";
export type { ComparisonRecord } from "./lib/record/comparison_record.ts";
export { errorsOf } from "./lib/report/error_chart.ts";
export { writeReport } from "./lib/report/write_report.ts";

// What each layer costs, by running only what follows it.
export { ablate, type AblationData, type AblationEvent } from "./lib/task/run_ablation.ts";
export type { AblateOptions } from "./lib/task/ablate_options.ts";
export { Ablation } from "./lib/task/ablation.ts";
export { Running } from "./lib/study/running.ts";
export type { Layer } from "./lib/quantize/layers.ts";
export type { AblationMode } from "./lib/study/ablation_mode.ts";
export type { AblatedLayer, AblationRecord, Effect } from "./lib/record/ablation_record.ts";
export { Replay, type Replayed, type ReplayOptions, type Variant } from "./lib/replay/replay.ts";
export { onlyMapping } from "./lib/quantize/only_mapping.ts";
