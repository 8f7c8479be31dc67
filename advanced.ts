/**
 * What goes deeper than `octavo`: graphs as text, single passes, the statistics that observers see,
 * replay of a network from where it was changed, records in detail. Imported as `octavo/advanced`. It
 * changes more often than `octavo` does.
 *
 * @module
 */

// Graphs.
export { printGraph, type PrintOptions } from "./lib/onnx/text.ts";
export { parseModel, type ParseModelOptions } from "./lib/onnx/parse_model.ts";
export type { GraphProto, NodeProto } from "./lib/onnx/onnx_pb.ts";
export type { SaveOptions } from "./lib/onnx/model.ts";
export type { NodeSummary } from "./lib/onnx/summary.ts";
export type { ElementType, ValueType } from "./lib/tensor/tensor.ts";

// Single passes.
export type { FusedGroup } from "./lib/passes/fused_group.ts";
export type { PassContext, PassOptions } from "./lib/passes/pass.ts";
export { learnShapes } from "./lib/runtime/learn_shapes.ts";
export { type OpenDimension, ShapeMap, type ValueShape } from "./lib/onnx/shape_map.ts";
export { lowerForWasm, type LowerForWasmOptions } from "./lib/passes/lower_for_wasm.ts";
export type { ConvToGemmOptions } from "./lib/passes/conv_to_gemm.ts";
export type { GemmForm, PlainConv } from "./lib/passes/gemm_forms.ts";
export type { RewriteOptions } from "./lib/passes/replacement.ts";
export { equalize, type EqualizeOptions } from "./lib/passes/equalize.ts";
export { correctBias, type CorrectBiasOptions } from "./lib/quantize/correct_bias.ts";
export { smooth, type SmoothOptions } from "./lib/quantize/smooth.ts";

// How nodes are computed, in detail.
export type {
  DynamicInt8,
  Float32,
  StaticInt8,
  WeightOnly,
  WeightOnlyOptions,
} from "./lib/quantize/qconfig.ts";
export type { QuantFormat } from "./lib/quantize/convert.ts";
export type { Selector } from "./lib/quantize/mapping.ts";
export type { QuantizeDynamicOptions } from "./lib/quantize/one_call.ts";
export type { Prepared } from "./lib/quantize/prepare.ts";
export { onlyMapping } from "./lib/quantize/only_mapping.ts";
export type { QuantizedWith } from "./lib/quantize/quantize_with.ts";

// What observers see, and what a range does to it.
export type { TensorStatistics } from "./lib/calibrate/statistics.ts";
export type { ChannelStatistics } from "./lib/calibrate/channel_statistics.ts";
export type { SampleExtremes } from "./lib/calibrate/sample_extremes.ts";
export type { Histogram } from "./lib/calibrate/histogram.ts";
export type { Range } from "./lib/calibrate/range.ts";
export { clipSqnr, quantizationError } from "./lib/calibrate/quantization_error.ts";
export { fixedRange } from "./lib/calibrate/fixed_range.ts";
export { withBins } from "./lib/calibrate/with_bins.ts";

// Samples, in detail.
export type { ArraysOptions } from "./lib/data/arrays.ts";
export type { CollectOptions } from "./lib/data/collect.ts";
export type { ImagesOptions } from "./lib/data/images/options.ts";
export type { SplitOptions } from "./lib/data/split.ts";
export type { StatefulOptions } from "./lib/data/stateful.ts";
export { readNpy, writeNpy } from "./lib/data/npy.ts";
export type { Stream } from "./lib/data/stream.ts";
export type { VisemesOptions } from "./lib/data/visemes.ts";
export type { ReadWavOptions, Wav, WindowsOptions } from "./lib/data/wav.ts";

// Running and measuring, in detail.
export { openSession, runtimeVersions } from "./lib/runtime/open_runtime.ts";
export type { RunOptions, TimesOptions } from "./lib/runtime/runtime.ts";
export type { Session, SessionOptions } from "./lib/runtime/session.ts";
export type { ScoredSample } from "./lib/evaluate/metric.ts";
export type { EvaluateOptions } from "./lib/evaluate/evaluate.ts";
export {
  errorGrowth,
  type ErrorGrowthOptions,
  sqnrAlong,
  type StepError,
} from "./lib/evaluate/error_growth.ts";
export type { WithErrorsOptions } from "./lib/evaluate/plan_errors.ts";
export type { ProfileModelOptions } from "./lib/profile/profile_model.ts";
export { Replay, type Replayed, type ReplayOptions, type Variant } from "./lib/replay/replay.ts";

// Studies, in detail.
export { Running } from "./lib/study/running.ts";
export type { AblationData, AblationEvent } from "./lib/task/run_ablation.ts";
export type { OptimizedParts } from "./lib/task/optimized.ts";
export type { AblatedLayer, Effect } from "./lib/record/ablation_record.ts";
export type { ProfileRecord } from "./lib/record/profile_record.ts";
