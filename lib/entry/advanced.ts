/**
 * What goes deeper than `octavo`: graphs as text, single passes, the statistics that observers see,
 * replay of a network from where it was changed, records in detail. Imported as `octavo/advanced`. It
 * changes more often than `octavo` does.
 *
 * @example A network as text, and what fusing makes of it
 * ```ts
 * import { fuse } from "octavo";
 * import { parseModel, printGraph } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const model = parseModel("input x float32[N]; output y float32[N]; h = Identity(x); y = Relu(h)");
 * assert.match(printGraph(fuse(model).graph), /^y = Relu\(x\)/m);
 * ```
 *
 * @module
 */

// Graphs.
export { printGraph, type PrintOptions } from "../onnx/text.ts";
export { parseModel, type ParseModelOptions } from "../onnx/parse_model.ts";

export type { ModelOptions, SaveOptions } from "../onnx/model.ts";
export type { NodeSummary } from "../onnx/summary.ts";
export type { ElementArrays, ElementType, ValueType } from "../tensor/tensor.ts";

// What the file format says, as protobuf messages.
export type {
  AttributeProto,
  AttributeProto_AttributeType,
  DeviceConfigurationProto,
  FunctionProto,
  GraphProto,
  IntIntListEntryProto,
  ModelProto,
  NodeDeviceConfigurationProto,
  NodeProto,
  OperatorSetIdProto,
  ShardedDimProto,
  ShardingSpecProto,
  SimpleShardedDimProto,
  SparseTensorProto,
  StringStringEntryProto,
  TensorAnnotation,
  TensorProto,
  TensorProto_DataLocation,
  TensorProto_Segment,
  TensorShapeProto,
  TensorShapeProto_Dimension,
  TrainingInfoProto,
  TypeProto,
  TypeProto_Map,
  TypeProto_Opaque,
  TypeProto_Optional,
  TypeProto_Sequence,
  TypeProto_SparseTensor,
  TypeProto_Tensor,
  ValueInfoProto,
} from "../onnx/onnx_pb.ts";
export type { Message } from "../onnx/message.ts";

// Single passes.
export type { FusedGroup } from "../passes/fused_group.ts";
export type { PassContext, PassOptions } from "../passes/pass.ts";
export type { FoldingBudget } from "../passes/folding_budget.ts";
export type { Origins } from "../passes/origins.ts";
export { learnShapes, type LearnShapesOptions } from "../runtime/learn_shapes.ts";
export { type OpenDimension, ShapeMap, type ValueShape } from "../onnx/shape_map.ts";
export { LoweredModel, lowerForWasm, type LowerForWasmOptions } from "../passes/lower_for_wasm.ts";
export type { ConvToGemmOptions } from "../passes/conv_to_gemm.ts";
export type { GemmForm, PlainConv } from "../passes/gemm_forms.ts";
export { convToWinograd, type ConvToWinogradOptions } from "../passes/conv_to_winograd.ts";
export type { IntegerMatrix, KernelStorage, RoundMatrix } from "../passes/winograd_weights.ts";
export { type WinogradCost, winogradCost, winogradForms } from "../passes/winograd_forms.ts";
export type { ConvShape } from "../passes/read_conv.ts";
export type { TapClass } from "../passes/taps.ts";
export type { Window } from "../onnx/pool_window.ts";
export type { RewriteOptions } from "../passes/replacement.ts";
export { fastOperators, type FastOperatorsOptions } from "../passes/fast_operators.ts";
export type { FormWord } from "../passes/fast_form.ts";
export { equalize, type EqualizeOptions } from "../passes/equalize.ts";
export type { FileActivation, FileRange, LeftNode } from "../passes/undo/undo_log.ts";
export { correctBias, type CorrectBiasOptions } from "../quantize/correct_bias.ts";
export { splitOutliers, type SplitOutliersOptions } from "../quantize/outlier_columns.ts";
export { smooth, type SmoothOptions } from "../quantize/smooth.ts";

// How nodes are computed, in detail.
export type {
  ActivationType,
  DynamicInt8,
  DynamicInt8Options,
  Float32,
  StaticInt8,
  WeightOnly,
  WeightOnlyOptions,
} from "../quantize/qconfig.ts";
export { asExecuted, type FileFormat } from "../quantize/as_executed.ts";
export type { QuantFormat } from "../quantize/convert.ts";
export type { PartName, PartSelector } from "../record/part_name.ts";
export type { NodeIdentity, QConfigMappingOptions, Selector } from "../quantize/mapping.ts";
export type { QuantizeDynamicOptions } from "../quantize/quantize_dynamic.ts";
export type { Prepared } from "../quantize/prepare.ts";
export { onlyMapping } from "../quantize/only_mapping.ts";
export type { QuantizedSaveOptions } from "../quantize/quantized_model.ts";
export type { WeightsName } from "../quantize/weight_observers.ts";
export type { QuantizedWith } from "../quantize/quantize_with.ts";

// What calibration watches.
export type { Watched } from "../calibrate/calibrate.ts";

// What observers see, and what a range does to it.
export { addValues, emptyStatistics, type TensorStatistics } from "../calibrate/statistics.ts";
export type { ChannelLayout, ChannelStatistics } from "../calibrate/channel_statistics.ts";
export type { SampleExtremes } from "../calibrate/sample_extremes.ts";
export type { Histogram } from "../calibrate/histogram.ts";
export type { Range } from "../calibrate/range.ts";
export {
  clipSqnr,
  type QuantizationError,
  quantizationError,
  type QuantizationErrorOptions,
} from "../calibrate/quantization_error.ts";
export { fixedRange } from "../calibrate/fixed_range.ts";
export type { ObserverName } from "../calibrate/observer_table.ts";
export { withBins } from "../calibrate/with_bins.ts";

// Samples, in detail.
export type { ArraysOptions } from "../data/arrays.ts";
export type { LabelValues } from "../data/read_labels.ts";
export type { CollectOptions } from "../data/collect.ts";
export type { ImagesOptions } from "../data/images/options.ts";
export type { ChannelOrder } from "../data/images/picture.ts";
export type { ResizeFilter } from "../data/images/resize.ts";
export type { ReadNpzOptions } from "../data/npz.ts";
export type { SplitOptions } from "../data/split.ts";
export { joinDatasets, type NamedDataset } from "../data/join_datasets.ts";
export type { StatefulOptions } from "../data/stateful.ts";
export { textDataset, type TextDatasetOptions } from "../data/text_dataset.ts";
export type { TokenRole } from "../data/text/token_inputs.ts";
export { readNpy, writeNpy } from "../data/npy.ts";
export type { Stream } from "../data/stream.ts";
export type { VisemesOptions } from "../data/visemes.ts";
export type { ReadWavOptions, Wav, WindowsOptions } from "../data/wav.ts";

// Running and measuring, in detail.
export { openSession, runtimeVersions } from "../runtime/open_runtime.ts";
export type {
  ColdStart,
  ColdStartOptions,
  ColdStarts,
  ProfileOptions,
  RunOptions,
  RuntimeChoice,
  RuntimeEnvironment,
  RuntimeInfo,
  Times,
  TimesOptions,
} from "../runtime/runtime.ts";
export type { ClockKind } from "../runtime/clock.ts";
export type { NodeTimes, RunProfile } from "../runtime/profile_run.ts";
export type { Optimization, Session, SessionOptions } from "../runtime/session.ts";
export { makeCanary, type MakeCanaryOptions } from "../evaluate/make_canary.ts";
export type {
  ClassOptions,
  ClosenessOptions,
  Pooled,
  ScoredSample,
  Whole,
} from "../evaluate/metric.ts";
export type { EvaluateOptions } from "../evaluate/evaluate.ts";
export { freeRun, type FreeRunOptions } from "../evaluate/free_run.ts";
export {
  errorGrowth,
  type ErrorGrowthOptions,
  sqnrAlong,
  type StepError,
} from "../evaluate/error_growth.ts";
export type { WithErrorsOptions } from "../evaluate/plan_errors.ts";
export type { ProfilingOverhead } from "../profile/overhead.ts";
export type { ProfileModelOptions } from "../profile/profile_model.ts";
export { Replay, type Replayed, type ReplayOptions, type Variant } from "../replay/replay.ts";

// Studies, in detail.
export { Running } from "../study/running.ts";
export type { RunningStudy } from "../task/run_study.ts";
export type {
  StrategyMaker,
  StrategyRecord,
  StudyDocuments,
  StudyEnding,
  StudyRuntimes,
} from "../task/study_strategy.ts";
export type { Strategy } from "../study/strategy.ts";
export type { TrialAsk } from "../study/trial_ask.ts";
export type { Stored } from "../study/store.ts";
export type { AblationData, AblationEvent } from "../task/ablation_event.ts";
export type { AblationMode } from "../study/ablation_mode.ts";
export type { Layer } from "../quantize/layers.ts";
export type { OptimizedParts } from "../task/optimized.ts";
export { diagnose, Diagnosis } from "../task/run_diagnose.ts";
export type { DiagnoseOptions } from "../task/diagnose_options.ts";
export type { DiagnosisRecord, FileFinding } from "../record/diagnosis_record.ts";
export { mend } from "../task/run_mend.ts";
export type { MendOptions } from "../task/mend_options.ts";
export type { MendCandidate, MendChange, Mended, MendForm, MendResult } from "../task/mended.ts";
export type { ConsideredForm, LayerChoices } from "../record/layer_choices.ts";
export type { RemakeTrialOptions } from "../task/remake_trial.ts";
export type { BeginEvent, EndEvent, OnStep, Step, StepEvent, TrialEvent } from "../record/event.ts";
export type { Budget } from "../record/budget.ts";
export type { Objective } from "../record/objective.ts";

// What a sweep's config says.
export type { SweepConfigInput, SweepProduct } from "../config/sweep_config.ts";
export type { FormConfig, FormInDetail, MappingConfigInput } from "../config/mapping_config.ts";
export type { SharedConfig } from "../config/shared_config.ts";
export type { DataConfig, ImagesConfig, TextConfig, WavConfig } from "../config/data_config.ts";

// Records, in detail.
export type {
  Assignment,
  Configuration,
  ConvProduct,
  ExactForm,
  NodeForm,
  ObserverSpec,
  OutlierColumns,
  RecipeBase,
  RuleForm,
  RulesRecipe,
  SlowLayer,
  WinogradForm,
} from "../record/recipe.ts";
export type { LoadRatios } from "../record/load_ratios.ts";
export type { NodeCounts } from "../record/node_counts.ts";
export type {
  Accuracy,
  CaseLatency,
  Latency,
  MachineLoad,
  OutputError,
} from "../record/trial_record.ts";
export type { ColdStartRecord, Compared } from "../record/cold_start.ts";
export type { Download } from "../record/download.ts";
export type { Estimate, MetricInfo } from "../record/metric_info.ts";
export type { DecisionRow, SearchRecord } from "../record/search_record.ts";
export type { KernelTimesRecord } from "../record/kernel_times_record.ts";
export type { SplitInfo } from "../record/study_record.ts";
export type {
  AblatedLayer,
  Effect,
  LayerPair,
  Spread,
  TensorErrors,
} from "../record/ablation_record.ts";
export type { ProfiledNode, ProfileRecord } from "../record/profile_record.ts";
export type { Json } from "../record/json.ts";
export type { Binary } from "../record/binary.ts";
export type { RuntimeName } from "../record/runtime_name.ts";
export type { GivenRecord } from "../record/given_record.ts";
