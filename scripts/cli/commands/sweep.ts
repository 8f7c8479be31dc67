import { AT_LENGTHS_OPTION, lengthsOf } from "../at_lengths.ts";
import { SETS_OPTION } from "../sample_sets.ts";
import { writeReport } from "../../../lib/report/write_report.ts";
import { parseSweepConfig } from "../../../lib/config/parse_sweep_config.ts";
import type { SweepConfig } from "../../../lib/config/sweep_config.ts";
import { sweep } from "../../../lib/task/run_sweep.ts";
import { flag, RESUMES, text } from "../command.ts";
import { configOption, GENERATE_OPTION, readingOf, TOKENIZER_OPTION } from "../data.ts";
import { followStudy } from "../follow_study.ts";
import { ownFolder } from "../model_folder.ts";
import { runtimeChoice } from "../runtime_options.ts";
import { readReference, REFERENCE_OPTION } from "../reference.ts";
import { script } from "../shell.ts";
import {
  commandLine,
  given,
  MODEL_OPERAND,
  objectiveOf,
  openSubject,
  requirePair,
  STUDY_OPTIONS,
  studyMetric,
} from "../study_data.ts";
import { readUserText } from "../../../lib/user_file.ts";

const command = {
  name: "sweep",
  stopped: RESUMES,
  summary:
    "Measures int8 configurations of a model against the model as given in onnxruntime-web: accuracy, " +
    "latency, size. Writes a report, the best models and a record into a folder; run again, it " +
    "continues where it was stopped.",
  operands: {
    model: MODEL_OPERAND,
  },
  options: {
    data: SETS_OPTION,
    tokenizer: TOKENIZER_OPTION,
    generate: GENERATE_OPTION,
    atLengths: AT_LENGTHS_OPTION,
    config: configOption("what to measure, as JSON with comments"),
    reference: REFERENCE_OPTION,
    out: text("FOLDER", "where the study is kept; studies/NAME by default"),
    quick: flag("few samples and few configurations: a first look"),
    ...STUDY_OPTIONS,
  },
  words: [
    "fused",
    "lowered",
    "static",
    "dynamic",
    "weightOnly",
    "cnn-static",
    "rnn-dynamic",
    "mixed",
    "compact",
    "all",
    "lp-norm 2.4",
    "per-channel",
  ],
  examples: [
    "",
    "model.onnx --data samples.npz --max-drop 1",
  ],
} as const;

/** What `--quick` measures where a config does not say; about a minute on the sample. */
const QUICK_GRID: Partial<SweepConfig> = {
  placements: ["cnn-static", "mixed"],
  more: [{ placements: ["compact"], rewrites: ["lowered"] }],
};
const main = script(command, async ({ operands, options }, { args, signal, progress, print }) => {
  const { data, quick, maxDrop, atLeast, maxCreate, maxHeap, coldRounds } = options;
  const objective = objectiveOf(options.objective);
  requirePair(operands.model, data, "sweep");
  const { threads, workers, seed, calibration, selection, test } = options;
  const { ort: runtime, binary } = runtimeChoice(options);
  const config: SweepConfig = {
    ...(options.config === undefined
      ? { ...parseSweepConfig("{}"), ...(quick && QUICK_GRID) }
      : parseSweepConfig(await readUserText(options.config), options.config)),
    ...given({ runtime, binary, threads, workers, seed, calibration, selection, test }),
  };
  const metric = await studyMetric(options.metric ?? config.metric);
  const folder = await ownFolder(operands.model);
  const { model, splits, name } = await openSubject({
    ...{ model: operands.model, data, reading: await readingOf(config, options, operands.model) },
    ...{ sizes: config, quick, inOrder: options.inOrder },
  }, { progress });
  const reference = await readReference(options.reference ?? config.reference, { progress });
  const out = options.out ?? `studies/${name}${quick ? "-quick" : ""}`;

  const running = sweep(model, splits, {
    ...{ out, config, signal, fresh: options.fresh },
    ...{ ...metric, ...given({ maxDrop, atLeast }) },
    ...given({
      reference,
      objective,
      maxCreate,
      maxHeap,
      coldRounds,
      atLengths: lengthsOf(options.atLengths),
    }),
    ...(quick && { maxRounds: 15 }),
    command: commandLine("sweep", args),
    report: writeReport,
  });
  await followStudy(running, out, { print, progress }, options.json, folder && { model: folder });
});

export default main;
