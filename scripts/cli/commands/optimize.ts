import { basename } from "node:path";
import { optimize } from "../../../lib/task/run_optimize.ts";
import type { Optimized } from "../../../lib/task/optimized.ts";
import { noise } from "../../../lib/data/noise.ts";
import { downloadSizes } from "../../../lib/evaluate/download_sizes.ts";
import { UsageError } from "../../../lib/errors.ts";
import { valueTypes } from "../../../lib/onnx/graph.ts";
import { withoutExporterMetadata } from "../../../lib/onnx/exporter_metadata.ts";
import { decodeModel, type Model } from "../../../lib/onnx/model.ts";
import type { Download } from "../../../lib/record/download.ts";
import { baselineWords } from "../../../lib/record/given_record.ts";
import { layerChoicesText } from "../../../lib/report/layer_choices_table.ts";
import { withShapes } from "../asked_shapes.ts";
import { check, type Checked, planCheck } from "../check.ts";
import { flag, number, RESUMES, text, texts } from "../command.ts";
import {
  DATA_HELP,
  READING,
  readingOf,
  readSamples,
  readShared,
  TOKENIZER_OPTION,
} from "../data.ts";
import { readFormat, WRITTEN_OPTIONS } from "../file_format.ts";
import { noteOnFloats } from "../float_types.ts";
import { KEPT_TIMES } from "../kept_times.ts";
import { COLD_OPTIONS, METRIC_OPTION } from "../metric_options.ts";
import { openOwnRuntime } from "../open_own_runtime.ts";
import { makeRoomFor, outPlace } from "../out_file.ts";
import { readNetwork, specialized } from "../read_network.ts";
import { given } from "../study_data.ts";
import { withConfig } from "../with_config.ts";
import { RUNTIME_OPTIONS, runtimeChoice } from "../runtime_options.ts";
import { script } from "../shell.ts";
import { samples, SPLIT_OPTIONS } from "../split_options.ts";
import { takeSamples } from "../take_samples.ts";
import { WHY_NOT_TAKEN, WHY_NOTE, WHY_OPTION } from "../why_option.ts";
import { writtenNote } from "../written_note.ts";
import { intoFolder } from "../into_folder.ts";
import { FOLDER_HELP } from "../model_folder.ts";

const command = {
  name: "optimize",
  stopped: RESUMES,
  summary:
    "Makes a model fast on onnxruntime-web's WASM kernels: times every node on this machine in " +
    "every form that it can have, int8 among them, and writes what takes least as a whole. It never " +
    "writes a model that is slower than the one it was given; accuracy is told, not weighed.",
  operands: { model: { placeholder: "model.onnx", help: FOLDER_HELP } },
  options: {
    data: text("PATH", DATA_HELP),
    tokenizer: TOKENIZER_OPTION,
    config: READING,
    out: text("FILE", "where to write the model"),
    exact: flag(
      "the fastest model whose numbers are float32's, nothing in int8; needs no samples where shapes are " +
        "fixed, or given with --shape",
    ),
    float32: flag("another word for --exact"),
    shape: texts(
      "INPUT=1,3,224,224",
      "shape of an input to choose for, with --exact and without --data; once for each input that leaves " +
        "dimensions open",
    ),
    why: WHY_OPTION,
    threads: number("N", "threads of the runtime to choose for; 1 by default", {
      ...{ integer: true, min: 1, max: 64 },
    }),
    ...RUNTIME_OPTIONS,
    calibration: samples("samples to find ranges with; 40 % by default, 200 at most"),
    selection: samples("most samples to compare on; 100 by default"),
    metric: METRIC_OPTION,
    ...COLD_OPTIONS,
    ...SPLIT_OPTIONS,
    fresh: flag(
      `measure anew what was measured on this machine before, and keep that; ${KEPT_TIMES}`,
    ),
    ...WRITTEN_OPTIONS,
    json: flag("print what was chosen and measured as JSON"),
  },
  words: ["static", "dynamic", "weightOnly", "QLinearConv, QGemm, ...", "in X", "SQNR"],
  examples: [
    "model.onnx --data samples.npz --out model.fast.onnx",
    "model.onnx --exact --out model.fast.onnx",
    "model.onnx --exact --shape input=1,3,224,224 --out model.fast.onnx",
    "model.onnx --data samples.npz --why /layer1/conv1/Conv --out model.fast.onnx",
  ],
} as const;

const main = script(command, async ({ operands, options: typed }, shell) => {
  const config = await readShared(typed.config);
  const options = withConfig(typed, config);
  const { print, progress, signal } = shell;
  const { threads = 1, coldRounds, maxCreate, maxHeap } = options;
  const format = readFormat(options.format);
  const exact = options.exact || options.float32;
  const { out, folder } = await outPlace(options.out, operands.model, "fast.onnx");
  if (exact && folder) {
    throw new UsageError(
      `--exact writes no int8, which is what ${out} is loaded for: name another file, --out fast.onnx`,
    );
  }
  progress.update("reading model and samples");
  const read = await readNetwork(operands.model, shell);
  const data = options.data === undefined ? undefined : await readSamples(
    options.data,
    read,
    await readingOf(config, options, operands.model),
    progress.log,
  );
  const model = data ? await specialized(read, data, shell) : read;
  const samples = data && takeSamples(data, options);
  if (!samples && !exact) {
    throw new UsageError(
      "Shapes and the ranges of int8 are found on samples: give --data samples.npz, or --exact for the " +
        "fastest model whose numbers are float32's",
    );
  }
  if (samples && options.shape) {
    throw new UsageError("Samples have shapes: leave out --shape, or --data");
  }
  const feeds = samples?.calibration ?? [madeUp(model, options.shape ?? [])];
  await makeRoomFor(out);

  await using runtime = await openOwnRuntime(
    { workers: 1, threads, ...runtimeChoice(options) },
    progress.log,
  );
  const planned = await planCheck(model, samples?.check, options, runtime, shell);
  const result = await optimize(model, feeds, {
    ...{ runtime, format },
    qconfig: exact ? "exact" : "fastest",
    ...given({ why: options.why }),
    ...(samples && { calibration: samples.calibration.length }),
    fresh: options.fresh,
    ...given({ coldRounds, maxCreate, maxHeap }),
    signal,
    onProgress: (step) => progress.update(step),
  });
  // What is compared is what the file will hold.
  const best = options.keepMetadata ? result.model : withoutExporterMetadata(result.model);
  const chosen = decodeModel(best.bytes(), basename(out));
  const isSame = result.model === model;
  const checked = isSame ? {} : await check(read, chosen, planned, runtime, shell);
  const floats = isSame ? [] : await noteOnFloats(model, samples?.check, runtime);
  await chosen.save(out);
  const same = isSame ? sameNote(result) : undefined;
  const place = folder && await intoFolder(folder, checked.comparison, same);
  progress.close();

  const download = await downloadSizes(chosen.bytes());
  const notes = [...(samples || isSame ? [] : [MADE_UP_NOTE]), ...(place ? [place] : [])];
  const written = {
    file: out,
    bytes: chosen.bytes().length,
    download,
    floats: [...floats, ...notes],
  };
  await print(
    options.json
      ? jsonOf(result, checked, { ...written, kept: isSame, threads })
      : textOf(result, checked, written, read, options.all),
  );
});

/** The file that holds the chosen model. */
interface Written {
  readonly file: string;
  readonly bytes: number;
  readonly download: Download;
  /** What there is to say of the float types of the network, and of made-up inputs. */
  readonly floats: readonly string[];
}

function jsonOf(
  { parts, plan, rewrites, convs, notes, why }: Optimized,
  { comparison, failed }: Checked,
  written: Written & { readonly kept: boolean; readonly threads: number },
): string {
  const { latency, coldStart, shapes, predictedMs, drifted, kernelTimes } = parts;
  const record = {
    ...written,
    ...{ shapes, latency, coldStart, predictedMs, drifted, kernelTimes, notes, rewrites, convs },
    ...{ executes: plan.executes(), plan: plan.rows, comparison, failed },
    ...why.length > 0 && { why },
  };
  return JSON.stringify(record, null, 2);
}

function textOf(
  result: Optimized,
  { comparison, failed }: Checked,
  { file, bytes, download, floats }: Written,
  model: Model,
  all: boolean,
): string {
  return [
    ...result.model === result.built ? [`${all ? result.plan.all : result.plan}\n`] : [],
    ...result.why.map((layer) => `${layerChoicesText(layer)}\n`),
    ...result.why.length > 0
      ? [`${result.model === result.built ? "" : WHY_NOT_TAKEN}${WHY_NOTE}\n`]
      : [],
    result.notes.join("\n"),
    ...comparison ? [`\n${comparison}`] : [],
    ...failed ? [`\n${failed}`] : [],
    ...floats.map((note) => `\n${note}`),
    `\n${writtenNote({ file, bytes, download }, model)}`,
  ].join("\n");
}

/** What is to be said where there were no samples. */
const MADE_UP_NOTE =
  "Times and dB are those of a made-up input: give --data samples.npz to compare on real ones.";

/** What a card says of a file that holds the network as it was given. */
function sameNote({ parts: { file } }: Optimized): string {
  return `It is ${
    baselineWords({ given: file }).network
  } itself: nothing was faster for certain where it was measured.`;
}

/** Inputs of the shapes that the model states or the user asks for; it says so if one is left open. */
function madeUp(model: Model, asked: readonly string[]) {
  return noise(withShapes(valueTypes(model.graph).inputs, asked, model.name), model.name);
}

export default main;
