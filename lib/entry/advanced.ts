/**
 * What goes deeper than `octavo`: graphs as text, single passes, the statistics that observers see,
 * replay of a network from where it was changed, records in detail. Imported as `octavo/advanced`. It
 * changes more often than `octavo` does.
 *
 * @module
 */

// Graphs.
export { printGraph, type PrintOptions } from "../onnx/text.ts";
export { parseModel, type ParseModelOptions } from "../onnx/parse_model.ts";
export type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
export type { SaveOptions } from "../onnx/model.ts";
export type { NodeSummary } from "../onnx/summary.ts";
export type { ElementType, ValueType } from "../tensor/tensor.ts";

// Single passes.
export type { FusedGroup } from "../passes/fused_group.ts";
export type { PassContext, PassOptions } from "../passes/pass.ts";
export { learnShapes } from "../runtime/learn_shapes.ts";
export { type OpenDimension, ShapeMap, type ValueShape } from "../onnx/shape_map.ts";
export { lowerForWasm, type LowerForWasmOptions } from "../passes/lower_for_wasm.ts";
export type { ConvToGemmOptions } from "../passes/conv_to_gemm.ts";
export type { GemmForm, PlainConv } from "../passes/gemm_forms.ts";
export type { RewriteOptions } from "../passes/replacement.ts";
export { equalize, type EqualizeOptions } from "../passes/equalize.ts";
export { correctBias, type CorrectBiasOptions } from "../quantize/correct_bias.ts";
export { smooth, type SmoothOptions } from "../quantize/smooth.ts";

// How nodes are computed, in detail.
export type {
  DynamicInt8,
  Float32,
  StaticInt8,
  WeightOnly,
  WeightOnlyOptions,
} from "../quantize/qconfig.ts";
export { asExecuted, type FileFormat } from "../quantize/as_executed.ts";
export type { QuantFormat } from "../quantize/convert.ts";
export type { Selector } from "../quantize/mapping.ts";
export type { QuantizeDynamicOptions } from "../quantize/quantize_dynamic.ts";
export type { Prepared } from "../quantize/prepare.ts";
export { onlyMapping } from "../quantize/only_mapping.ts";
export type { QuantizedWith } from "../quantize/quantize_with.ts";

// What observers see, and what a range does to it.
export type { TensorStatistics } from "../calibrate/statistics.ts";
export type { ChannelStatistics } from "../calibrate/channel_statistics.ts";
export type { SampleExtremes } from "../calibrate/sample_extremes.ts";
export type { Histogram } from "../calibrate/histogram.ts";
export type { Range } from "../calibrate/range.ts";
export { clipSqnr, quantizationError } from "../calibrate/quantization_error.ts";
export { fixedRange } from "../calibrate/fixed_range.ts";
export { withBins } from "../calibrate/with_bins.ts";

// Samples, in detail.
export type { ArraysOptions } from "../data/arrays.ts";
export type { CollectOptions } from "../data/collect.ts";
export type { ImagesOptions } from "../data/images/options.ts";
export type { SplitOptions } from "../data/split.ts";
export type { StatefulOptions } from "../data/stateful.ts";
export { readNpy, writeNpy } from "../data/npy.ts";
export type { Stream } from "../data/stream.ts";
export type { VisemesOptions } from "../data/visemes.ts";
export type { ReadWavOptions, Wav, WindowsOptions } from "../data/wav.ts";

// Running and measuring, in detail.
export { openSession, runtimeVersions } from "../runtime/open_runtime.ts";
export type { RunOptions, TimesOptions } from "../runtime/runtime.ts";
export type { Session, SessionOptions } from "../runtime/session.ts";
export type { ScoredSample } from "../evaluate/metric.ts";
export type { EvaluateOptions } from "../evaluate/evaluate.ts";
export {
  errorGrowth,
  type ErrorGrowthOptions,
  sqnrAlong,
  type StepError,
} from "../evaluate/error_growth.ts";
export type { WithErrorsOptions } from "../evaluate/plan_errors.ts";
export type { ProfileModelOptions } from "../profile/profile_model.ts";
export { Replay, type Replayed, type ReplayOptions, type Variant } from "../replay/replay.ts";

// Studies, in detail.
export { Running } from "../study/running.ts";
export type { AblationData, AblationEvent } from "../task/run_ablation.ts";
export type { OptimizedParts } from "../task/optimized.ts";
export type { AblatedLayer, Effect } from "../record/ablation_record.ts";
export type { ProfileRecord } from "../record/profile_record.ts";
