import { parseQuantizeConfig, type QuantizeConfig } from "../../../lib/config/quantize_config.ts";
import { splitDataset, type Splits } from "../../../lib/data/split.ts";
import { visemes } from "../../../lib/data/visemes.ts";
import { UserError } from "../../../lib/errors.ts";
import type { StepEvent } from "../../../lib/record/event.ts";
import type { AblateOptions } from "../../../lib/task/ablate_options.ts";
import { ablate } from "../../../lib/task/run_ablation.ts";
import { flag, number, RESUMES, text } from "../command.ts";
import {
  configOption,
  DATA_HELP,
  GENERATE_OPTION,
  readingOf,
  readSamples,
  TOKENIZER_OPTION,
} from "../data.ts";
import { METRIC_OPTION } from "../metric_options.ts";
import { specialized } from "../read_network.ts";
import { withConfig } from "../with_config.ts";
import { RUNTIME_OPTIONS, runtimeChoice } from "../runtime_options.ts";
import { script } from "../shell.ts";
import { samples, SPLIT_OPTIONS } from "../split_options.ts";
import { tellMetric } from "../tell_metric.ts";
import {
  commandLine,
  given,
  MODEL_OPERAND,
  modelOrSample,
  requirePair,
  studyMetric,
} from "../study_data.ts";
import { readUserText } from "../../../lib/user_file.ts";

const command = {
  name: "ablate",
  stopped: RESUMES,
  summary:
    "Finds out what int8 costs in each layer: in it alone, and in all but it, on a metric and on the " +
    "outputs, and why. Writes a report into a folder; run again, it continues where it was stopped.",
  operands: {
    model: MODEL_OPERAND,
  },
  options: {
    data: text("PATH", DATA_HELP),
    tokenizer: TOKENIZER_OPTION,
    generate: GENERATE_OPTION,
    config: configOption("what int8 is, as for quantize: a default and rules, JSON with comments"),
    out: text("FOLDER", "where the report is kept; ablations/NAME by default"),
    metric: METRIC_OPTION,
    layers: text("NAMES", "only these layers: names, module paths or parts, with commas between"),
    depth: number("N", "join layers by the first N parts of their module path", {
      ...{ integer: true, min: 1 },
    }),
    parts: flag("join layers by part of a transformer: attention 0, feed-forward 0, and so on"),
    weights: flag("measure the weights of each layer alone, too"),
    activations: flag("measure the activations of each layer alone, too"),
    lowered: flag("of the network with its convolutions rewritten for WASM"),
    screening: number("N", "samples that every layer is run on; 16 by default", {
      ...{ integer: true, min: 4 },
    }),
    pairs: number("N", "most sensitive layers to measure in pairs; 4 by default", {
      ...{ integer: true, min: 0 },
    }),
    calibration: samples("samples to find ranges with"),
    selection: samples("samples to measure effects on"),
    ...SPLIT_OPTIONS,
    noTimes: flag("do not time the layers"),
    ...RUNTIME_OPTIONS,
    workers: number("N", "samples run at a time; by default the number of cores, at most 8", {
      ...{ integer: true, min: 1, max: 64 },
    }),
    fresh: flag("start over in a folder that holds an ablation"),
    json: flag("print the record as JSON"),
  },
  words: ["static", "dynamic", "weightOnly", "SQNR"],
  examples: [
    "",
    "model.onnx --data samples.npz --depth 2",
  ],
} as const;

const main = script(command, async (line, { args, signal, progress, print }) => {
  const { operands } = line;
  const config = line.options.config === undefined
    ? undefined
    : await readConfig(line.options.config);
  const options = withConfig(line.options, config?.shared);
  const { data, depth, screening, pairs, seed, workers, layers, parts, weights, activations } =
    options;
  requirePair(operands.model, data, "ablate");
  const settings: AblateOptions = {
    ...config && { mapping: config.mapping },
    ...await studyMetric(options.metric),
    ...{ parts, weights, activations, signal, fresh: options.fresh, latency: !options.noTimes },
    ...options.lowered && { base: "lowered" },
    ...layers !== undefined && { layers: layers.split(",").map((name) => name.trim()) },
    ...given({ depth, screening, pairs, seed, workers }),
    ...runtimeChoice(options),
  };
  progress.update("reading model and samples");
  const read = await modelOrSample(operands.model, { progress });
  const splits = data === undefined ? sampleSplits(options) : splitDataset(
    await readSamples(data, read, await readingOf(config, options, operands.model), progress.log),
    {
      shuffle: !options.inOrder,
      ...given({ seed, calibration: options.calibration, selection: options.selection }),
    },
  );
  const model = await specialized(read, [splits.calibration, splits.selection], { progress });
  const title = operands.model === undefined ? "sample" : model.name.replace(/\.onnx$/, "");
  const out = options.out ?? `ablations/${title}`;

  const running = ablate(model, splits, {
    ...settings,
    ...{ out, title, command: commandLine("ablate", args) },
  });
  for await (const event of running) {
    if (event.kind === "step") progress.update(stepText(event));
    else if (event.kind === "begin") {
      await tellMetric(event.metric, { print, progress }, options.json);
    } else if (event.kind === "float32") event.notes.forEach(progress.log);
  }
  const ablation = await running;
  await ablation.save(out);
  progress.close();
  const { record } = ablation;
  const ending = record.stopped ? "\nThe same command continues where it was stopped." : "";
  await print(
    options.json
      ? JSON.stringify(record, null, 2)
      : `${ablation.toString().trimEnd()}\n\nReport: ${out}/report.html${ending}`,
  );
});

/** What int8 is, from a file. */
async function readConfig(path: string): Promise<QuantizeConfig> {
  const config = parseQuantizeConfig(await readUserText(path), path);
  if (config.corrections.length === 0) return config;
  const list = config.corrections.join(", ");
  throw new UserError(
    `Cannot ablate with corrections (${list}), which ${path} asks for: they change all layers ` +
      `together. Remove "corrections" from it, and use them once the layers are chosen.`,
  );
}

/** Splits of the bundled sample. */
function sampleSplits(
  { calibration = 100, selection = 400 }: { calibration?: number; selection?: number },
): Splits {
  return visemes({ calibration, selection, test: 1 });
}

/** `each layer alone · 3 of 12` */
function stepText({ step, about = step, done, of }: StepEvent): string {
  return of > 1 ? `${about} · ${done} of ${of}` : about;
}

export default main;
