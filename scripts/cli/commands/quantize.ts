import { basename } from "node:path";
import { commandName } from "../../../lib/command_name.ts";
import type { Dataset } from "../../../lib/data/dataset.ts";
import { likeTheFirst } from "../../../lib/data/first_samples.ts";
import { downloadSizes } from "../../../lib/evaluate/download_sizes.ts";
import { UsageError } from "../../../lib/errors.ts";
import { withoutExporterMetadata } from "../../../lib/onnx/exporter_metadata.ts";
import { decodeModel, type Model } from "../../../lib/onnx/model.ts";
import { fuse } from "../../../lib/passes/fuse.ts";
import { asExecuted } from "../../../lib/quantize/as_executed.ts";
import { requireFloat } from "../../../lib/quantize/decide.ts";
import { readBack } from "../../../lib/quantize/one_call.ts";
import { prepare } from "../../../lib/quantize/prepare.ts";
import { PRESETS } from "../../../lib/quantize/presets.ts";
import { perChannelSparing, weightOnly } from "../../../lib/quantize/qconfig.ts";
import { dynamicByDefault } from "../../../lib/quantize/quantize_dynamic.ts";
import { splitOutliers } from "../../../lib/quantize/outlier_columns.ts";
import type { QuantizedModel } from "../../../lib/quantize/quantized_model.ts";
import { quantizeWith } from "../../../lib/quantize/quantize_with.ts";
import { explainFile, takeNetwork } from "../../../lib/quantize/take_network.ts";
import { explainSlow } from "../../../lib/quantize/slow_layers.ts";
import { whyNothing } from "../../../lib/quantize/why_nothing.ts";
import { isSlower } from "../../../lib/record/best.ts";
import { baselineWords } from "../../../lib/record/given_record.ts";
import type { LayerChoices } from "../../../lib/record/layer_choices.ts";
import { layerChoicesText } from "../../../lib/report/layer_choices_table.ts";
import type { Latency } from "../../../lib/record/trial_record.ts";
import type { Runtime } from "../../../lib/runtime/runtime.ts";
import type { DataConfig } from "../../../lib/config/data_config.ts";
import type { QuantizeConfig } from "../../../lib/config/quantize_config.ts";
import { type Converted, keepSpeed, type KeptSpeed } from "../../../lib/task/keep_speed.ts";
import type { Comparison } from "../../../lib/task/run_compare.ts";
import { requireLayers } from "../../../lib/task/require_layers.ts";
import { whyQuantized } from "../../../lib/task/why_quantized.ts";
import { withoutSlowLayers } from "../../../lib/task/without_slow_layers.ts";
import { AT_LENGTHS_OPTION } from "../at_lengths.ts";
import {
  type Check,
  check,
  type CheckOptions,
  openingNotes,
  planCheck,
  requireKept,
  withColdStart,
} from "../check.ts";
import { flag, number, text, WHOLE_FILES } from "../command.ts";
import { damageNote } from "../damage_note.ts";
import { configOption, GENERATE_OPTION, readingOf, TOKENIZER_OPTION } from "../data.ts";
import { readFormat, WRITTEN_OPTIONS } from "../file_format.ts";
import { noteOnFloats } from "../float_types.ts";
import { KEPT_TIMES } from "../kept_times.ts";
import { COLD_OPTIONS, LIMIT_OPTIONS, METRIC_OPTION } from "../metric_options.ts";
import { RUNTIME_OPTIONS, runtimeChoice } from "../runtime_options.ts";
import { openOwnRuntime } from "../open_own_runtime.ts";
import { makeRoomFor, outPlace } from "../out_file.ts";
import { type Choices, fallsBack, placeOf, readConfig } from "../quantize_choices.ts";
import { readNetwork, specialized } from "../read_network.ts";
import { QUANTIZE_WHY_NOTE, WHY_OPTION } from "../why_option.ts";
import { withConfig } from "../with_config.ts";
import { readSets, SETS_OPTION } from "../sample_sets.ts";
import { script, type Shell } from "../shell.ts";
import { samples, SPLIT_OPTIONS } from "../split_options.ts";
import { samplesNote, takeAll, takeSamples, type TakeSamplesOptions } from "../take_samples.ts";
import { writtenNote } from "../written_note.ts";
import { intoFolder } from "../into_folder.ts";
import { FOLDER_HELP } from "../model_folder.ts";

const command = {
  name: "quantize",
  stopped: WHOLE_FILES,
  summary:
    "Writes an int8 form of a model for onnxruntime-web: by default static where int8 is fast, with " +
    "ranges from samples, and small weights elsewhere; what proves slower than float32 is put back. " +
    "Prints what became of each node, and compares with float32 on samples that were not used for " +
    "the ranges.",
  operands: { model: { placeholder: "model.onnx", help: FOLDER_HELP } },
  options: {
    data: SETS_OPTION,
    tokenizer: TOKENIZER_OPTION,
    generate: GENERATE_OPTION,
    atLengths: AT_LENGTHS_OPTION,
    out: text("FILE", "where to write the int8 model; its folder is made"),
    preset: text("NAME", `what becomes of all nodes: ${PRESETS.join(", ")}; wasm by default`),
    config: configOption("which nodes are to be what, as JSON with comments"),
    dynamic: flag(
      "ranges at run time for Gemm and MatMul, small weights elsewhere; needs no samples",
    ),
    outliers: number(
      "N",
      "with --dynamic and --data: most columns of what each product reads that stay float32, where they " +
        "would widen the range of all; chosen on the samples",
      { integer: true, min: 0, max: 64 },
    ),
    kernels: text(
      "NAME",
      "fast, the default: int8 where it is no slower than float32; any: wherever there is a kernel",
    ),
    calibration: samples("samples to find ranges with; 40 % by default, 200 at most"),
    selection: samples("most samples to compare on; 100 by default"),
    metric: METRIC_OPTION,
    ...LIMIT_OPTIONS,
    ...COLD_OPTIONS,
    ...SPLIT_OPTIONS,
    why: WHY_OPTION,
    ...RUNTIME_OPTIONS,
    fresh: flag(`measure the times of kernels again, and keep that; ${KEPT_TIMES}`),
    ...WRITTEN_OPTIONS,
    json: flag("print plan and comparison as JSON"),
  },
  words: [
    "static",
    "dynamic",
    "weightOnly",
    "QLinearConv, QGemm, ...",
    "in X",
    "behind a barrier",
    "SQNR",
  ],
  examples: [
    "model.onnx --data samples.npz --out model.int8.onnx",
    "model.onnx --dynamic --out model.int8.onnx",
    "model.onnx --data samples.npz --out model.int8.onnx --why /layer1/conv1/Conv",
    "model.onnx --data samples.npz --preset fbgemm --out model.fbgemm.onnx",
  ],
} as const;

const main = script(command, async ({ operands, options: typed }, shell) => {
  const { progress } = shell;
  const { out, folder } = await outPlace(typed.out, operands.model, "q.onnx");
  const format = readFormat(typed.format);
  const config = await readConfig(typed);
  const options = withConfig(typed, config.shared);

  progress.update("reading model and samples");
  const model = await readNetwork(operands.model, shell);
  const reading = await readingOf(config, options, operands.model);
  const data = await samplesOf(model, options, reading, progress.log);
  requireLayers(fuse(takeNetwork(model).network), options.why ?? []);
  await makeRoomFor(out);

  await using runtime = await openOwnRuntime(runtimeChoice(options), progress.log);
  const context = { runtime, shell };
  const network = data ? await specialized(model, data, shell) : model;
  const taken = takeNetwork(network);
  const asked = await quantize(network, data, { options, config }, context);
  const { samples, planned } = asked;
  // What is compared is what the file will hold.
  const fileOf = async ({ int8 }: Converted) => {
    const kept = options.keepMetadata ? int8 : withoutExporterMetadata(int8);
    const written = format === "qdq" ? kept : await asExecuted(kept, runtime);
    return decodeModel(written.bytes(), basename(out));
  };
  const compareWith = async (converted: Converted) => {
    const file = await fileOf(converted);
    return { file, ...await check(model, file, planned, runtime, shell) };
  };
  const first = await compareWith(asked);
  const latency = taken.undone ? undefined : first.comparison?.latency; // against the int8 file
  const kept: KeptSpeed = data && fallsBack(options, config)
    ? await atSpeed(taken.network, asked, samples?.calibration ?? data, {
      latency,
      options,
      ...context,
    })
    : asked;
  const measured = kept === asked ? first : await compareWith(kept);
  progress.update("reading back what the runtime executes");
  const int8 = await readBack(kept.int8, runtime);
  const { file: candidate } = measured;
  const pair = { float32: model, candidate, plan: planned };
  const checked = await withColdStart(measured, pair, options, runtime, shell);
  const { comparison, failed } = checked;
  const rules = placeOf(options, config, asked.mapping);
  const damage = comparison &&
    await damageNote(comparison, { ...kept, int8 }, samples!.check!, rules, context);
  const floats = await noteOnFloats(model, samples?.check, runtime);
  progress.update("looking at the layers that --why asks for");
  const why = data && options.why
    ? await whyQuantized(kept.float32, int8, data, {
      ...{ layers: options.why, fresh: options.fresh, runtime, signal: shell.signal },
    })
    : [];
  await candidate.save(out);
  const place = folder && await intoFolder(folder, comparison);
  progress.close();

  const nothing = whyNothing(int8);
  const warnings = [
    ...(nothing ? [`Nothing of ${model.name} was quantized: ${nothing}.`] : []),
    ...(damage ? [damage] : []),
  ];
  const notes = [
    ...taken.notes,
    ...(data && samples ? [samplesNote(data, samples)] : []),
    ...(failed ? [failed] : []),
    ...(kept.note ? [`${kept.note} \`--kernels any\` insists on int8 kernels.`] : []),
    ...asked.notes,
    ...slownessNote(comparison),
    ...openingNotes(checked, options),
    ...(kept.note ? [] : storedNote(int8, model, options.dynamic)),
    ...floats,
    ...(place ? [place] : []),
  ];
  await tell({ out, candidate, int8, model, comparison, warnings, notes, why }, options, shell);
  requireKept(checked, options, out);
});

/** The samples that were named, if any were. */
async function samplesOf(
  model: Model,
  { data, why }: {
    readonly data?: readonly string[] | undefined;
    readonly why?: readonly string[] | undefined;
  },
  reading: DataConfig,
  say: (text: string) => void,
): Promise<Dataset | undefined> {
  if (data !== undefined) return await readSets(data, model, reading, say);
  if (!why) return undefined;
  throw new UsageError("--why times kernels on samples: give --data samples.npz");
}

/** What there is to be told of a model that was written. */
interface Outcome {
  readonly out: string;
  readonly candidate: Model;
  readonly int8: QuantizedModel;
  /** The network that it was made from. */
  readonly model: Model;
  readonly comparison: Comparison | undefined;
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
  /** All that was considered for the layers that were asked for. */
  readonly why: readonly LayerChoices[];
}

/** Prints what was made, and how it compares. */
async function tell(
  { out, candidate, int8: { plan }, model, comparison, warnings, notes, why }: Outcome,
  { json, all }: { readonly json: boolean; readonly all: boolean },
  { print }: Pick<Shell, "print">,
): Promise<void> {
  const bytes = candidate.bytes().length;
  const download = await downloadSizes(candidate.bytes());
  if (json) {
    const executes = plan.executes();
    const written = { file: out, bytes, download, executes, notes: [...warnings, ...notes] };
    return await print(
      JSON.stringify(
        { ...written, plan: plan.rows, comparison, ...why.length > 0 && { why } },
        null,
        2,
      ),
    );
  }
  for (const line of warnings) await print(`${line}\n`);
  await print(all ? plan.all.text : plan.toString());
  for (const layer of why) await print(`\n${layerChoicesText(layer)}`);
  if (why.length > 0) await print(`\n${QUANTIZE_WHY_NOTE}`);
  if (comparison) await print(`\n${comparison}`);
  for (const line of notes) await print(line);
  await print(`\n${writtenNote({ file: out, bytes, download }, model)}`);
}

/** What a network becomes, and which samples are left to compare on. */
interface Quantized extends Converted {
  readonly samples?: { readonly calibration?: Dataset; readonly check?: Dataset };
  /** How it is to be compared, if it can be. */
  readonly planned?: Check;
  /** What is to be said of how it was placed, in sentences. */
  readonly notes: readonly string[];
}

/** Finds ranges, and converts. */
async function quantize(
  model: Model,
  data: Dataset | undefined,
  { options, config }: {
    options: Choices & TakeSamplesOptions & CheckOptions & {
      readonly fresh: boolean;
      readonly outliers?: number;
    };
    config: QuantizeConfig;
  },
  context: Context,
): Promise<Quantized> {
  const taken = takeNetwork(model);
  const fused = fuse(taken.network);
  for (const line of fused.amendments) context.shell.progress.log(`${model.name}: ${line}`);
  if (options.dynamic) requireFloat(fused.graph);
  const { outliers = 0 } = options;
  if (outliers > 0 && !(options.dynamic && data)) {
    throw new UsageError("--outliers goes with --dynamic and --data, on which columns are chosen");
  }
  const mapping = options.dynamic ? dynamicByDefault(fused) : config.mapping;
  const watched = prepare(fused, mapping).tensors.length > 0;
  if (watched && !data) {
    throw new UsageError(
      "Static int8 finds its ranges on samples: give --data samples.npz, or --dynamic",
    );
  }
  const samples = data &&
    (watched || outliers > 0 ? takeSamples(data, options) : takeAll(data, options));
  const ranges = samples && "calibration" in samples ? samples.calibration : undefined;
  const { runtime, shell } = context;
  const planned = await planCheck(model, samples?.check, options, runtime, shell);
  const placed = data && watched && fallsBack(options, config)
    ? await withoutSlowLayers(fused, mapping, data, {
      ...{ fresh: options.fresh, runtime: context.runtime, signal: context.shell.signal },
      onProgress: (step) => context.shell.progress.update(step),
    })
    : { mapping, slow: [], notes: [] };
  const split = outliers > 0
    ? await splitOutliers(fused, placed.mapping, ranges ?? [], {
      ...{ most: outliers, runtime, signal: shell.signal },
    })
    : placed.mapping;
  const asked = await convertOn(fused, { ...config, mapping: split }, ranges, context);
  return {
    ...asked,
    ...{ slow: placed.slow, int8: explainFile(explainSlow(asked.int8, placed.slow), taken) },
    ...{ notes: placed.notes, ...(samples && { samples }), ...(planned && { planned }) },
  };
}

/** Finds the ranges that a mapping wants, and converts. */
async function convertOn(
  fused: Model,
  { mapping, corrections }: QuantizeConfig,
  ranges: Dataset | undefined,
  { runtime, shell: { progress, signal } }: Context,
): Promise<Converted> {
  const calibration = ranges ?? [];
  const made = await quantizeWith(fused, mapping, calibration, {
    corrections,
    runtime,
    signal,
    onProgress: (done) => progress.update(`calibrating ${done} of ${calibration.length}`),
  });
  return { ...made, mapping };
}

interface Context {
  readonly runtime: Runtime;
  readonly shell: Shell;
}

/** The same without what is slower in int8 than in float32. */
async function atSpeed(
  model: Model,
  converted: Converted,
  samples: Dataset,
  { latency, options: { dynamic }, runtime, shell }: Context & {
    readonly latency: Latency | undefined;
    readonly options: Choices;
  },
): Promise<KeptSpeed> {
  return await keepSpeed(model, converted, await likeTheFirst(samples, model.name), {
    ...{ runtime, signal: shell.signal, latency },
    small: weightOnly(dynamic ? { weight: perChannelSparing } : {}),
    onProgress: (step) => shell.progress.update(step),
  });
}

function slownessNote(comparison: Comparison | undefined): string[] {
  const latency = comparison?.latency;
  return latency && isSlower({ latency })
    ? [
      `It is slower than ${baselineWords(comparison).model}. \`${
        commandName("sweep")
      }\` finds out which layers pay.`,
    ]
    : [];
}

/** What is to be said where no node computes in int8. */
function storedNote({ traces, plan }: QuantizedModel, model: Model, dynamic: boolean): string[] {
  const forms = new Set(traces.map(({ form }) => form));
  if (!forms.has("weightOnly") || forms.has("static") || forms.has("dynamic")) return [];
  const stored = `No node of ${model.name} computes in int8: the weights are stored in int8 and ` +
    `computed in float32, at float32's speed.`;
  const hasConv = plan.rows.some(({ opType }) => opType === "Conv");
  return [
    dynamic && hasConv
      ? `${stored} Samples (--data samples.npz in the place of --dynamic) would bring int8 kernels.`
      : stored,
  ];
}

export default main;
