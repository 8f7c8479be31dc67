import { createHash } from "node:crypto";
import { commandName } from "../../lib/command_name.ts";
import { splitDataset, type SplitOptions, type Splits } from "../../lib/data/split.ts";
import { sampleModel, visemes } from "../../lib/data/visemes.ts";
import { UsageError } from "../../lib/errors.ts";
import type { Metric } from "../../lib/evaluate/metric.ts";
import { ownMetric } from "./own_metric.ts";
import { metricNamed } from "../../lib/evaluate/metrics.ts";
import type { Model } from "../../lib/onnx/model.ts";
import type { DataConfig } from "../../lib/config/data_config.ts";
import { isObjective, type Objective, OBJECTIVES } from "../../lib/record/objective.ts";
import { flag, number, text } from "./command.ts";
import { KEPT_TIMES } from "./kept_times.ts";
import { COLD_OPTIONS, LIMIT_OPTIONS, METRIC_OPTION } from "./metric_options.ts";
import { readSets } from "./sample_sets.ts";
import { readNetwork, specialized } from "./read_network.ts";
import { RUNTIME_OPTIONS } from "./runtime_options.ts";
import { samples, SPLIT_OPTIONS } from "./split_options.ts";
import type { Shell } from "./shell.ts";
import { readUserText } from "../../lib/user_file.ts";
import { FOLDER_HELP } from "./model_folder.ts";

/** The network of a study. */
export const MODEL_OPERAND = {
  placeholder: "model.onnx",
  help: `${FOLDER_HELP}; without one, the bundled lip-reading sample`,
  optional: true,
} as const;

/** What every command that makes a study takes, beside what it is to measure. */
export const STUDY_OPTIONS = {
  ...LIMIT_OPTIONS,
  ...COLD_OPTIONS,
  objective: text(
    "WHAT",
    "what is to be least: latency (the default), size of the file, or download, its size after brotli",
  ),
  metric: METRIC_OPTION,
  calibration: samples("samples to find ranges with"),
  selection: samples("samples to choose by"),
  test: samples("samples for the reported number"),
  ...SPLIT_OPTIONS,
  threads: number("N", "threads of the runtime while latency is measured; 1 by default", {
    ...{ integer: true, min: 1, max: 64 },
  }),
  ...RUNTIME_OPTIONS,
  workers: number("N", "samples evaluated at a time; by default the number of cores, at most 4", {
    ...{ integer: true, min: 1, max: 64 },
  }),
  fresh: flag(
    `start over in a folder that holds a study, and measure the times of kernels again; ${KEPT_TIMES}`,
  ),
  json: flag("print the study's record as JSON"),
} as const;

/** @throws {UsageError} If a text names no objective. */
export function objectiveOf(text: string | undefined): Objective | undefined {
  if (text === undefined || isObjective(text)) return text;
  throw new UsageError(`--objective is one of ${OBJECTIVES.join(", ")}, got "${text}"`);
}

/** Samples of each split, and the seed of the shuffle, where they were given. */
export interface SplitSizes {
  readonly calibration?: number;
  readonly selection?: number;
  readonly test?: number;
  readonly seed?: number;
}

const QUICK_SIZES = { calibration: 40, selection: 80, test: 80 };

/** Of the bundled sample: every word equally often in each split. */
const SAMPLE_SIZES = { calibration: 200, selection: 400, test: 2000 };

/** Refuses samples without a model and a model without samples. */
export function requirePair(
  model: string | undefined,
  given: string | readonly string[] | undefined,
  task: string,
): void {
  const data = given === undefined ? undefined : [given].flat();
  if (model === undefined && data !== undefined) {
    throw new UsageError(
      `--data ${data.join(" --data ")} needs the model it is for: ${
        commandName(task)
      } model.onnx ...`,
    );
  }
  if (model !== undefined && data === undefined) {
    throw new UsageError(
      `${model} needs samples to be measured on: --data samples.npz, with one array per ` +
        `input of the model, named like it`,
    );
  }
}

/** The model of a file, or the bundled one. */
export async function modelOrSample(
  path: string | undefined,
  shell: Pick<Shell, "progress">,
): Promise<Model> {
  return path === undefined ? await sampleModel() : await readNetwork(path, shell);
}

/** The metric that was asked for, and what tells it from others of its name. */
export async function studyMetric(
  path: string | undefined,
): Promise<{ metric: Metric; metricSource: string } | undefined> {
  const metric = await ownMetric(path);
  if (path === undefined || metric === undefined) return undefined;
  if (metricNamed(path)) return { metric, metricSource: metric.score.toString() };
  return {
    metric,
    metricSource: createHash("sha256").update(await readUserText(path)).digest("hex"),
  };
}

/** What a study is made of. */
export interface StudySubject {
  readonly model: Model;
  readonly splits: Splits;
  /** What the study's folder is called after. */
  readonly name: string;
}

/** Where the model and samples of a study are, and how they are read; without a model it is the bundled one. */
export interface StudyFiles {
  readonly model: string | undefined;
  readonly data: readonly string[] | undefined;
  /** How samples that are no arrays are to be read. */
  readonly reading: DataConfig | undefined;
  readonly sizes: SplitSizes;
  /** Few samples. @default {false} */
  readonly quick?: boolean;
  /** Splits them in their order. */
  readonly inOrder: boolean;
}

/** Reads the model and the samples of a study, and fixes what is the same in all of them. */
export async function openSubject(
  { model: path, data, reading, sizes, quick = false, inOrder }: StudyFiles,
  { progress }: Pick<Shell, "progress">,
): Promise<StudySubject> {
  progress.update("reading model and samples");
  const read = await modelOrSample(path, { progress });
  const splits = data === undefined
    ? sampleSplits(sizes, quick)
    : await fileSplits(data, read, sizes, {
      ...{ quick, inOrder, say: progress.log },
      ...(reading && { reading }),
    });
  const { calibration, selection, test } = splits;
  const model = await specialized(read, [calibration, selection, test], { progress });
  return { model, splits, name: path === undefined ? "sample" : model.name.replace(/\.onnx$/, "") };
}

/** Splits of the bundled sample. */
function sampleSplits(config: SplitSizes, quick: boolean): Splits {
  const { calibration, selection, test } = config;
  const sizes = quick ? QUICK_SIZES : SAMPLE_SIZES;
  return visemes({ ...sizes, ...given({ calibration, selection, test }) });
}

/**
 * Splits of a file or folder of samples.
 *
 * @param options.reading How samples that are no arrays are to be read.
 * @param options.say Tells what was decided on the way.
 */
async function fileSplits(
  paths: readonly string[],
  model: Model,
  config: SplitSizes,
  { quick, inOrder, reading, say }: {
    quick: boolean;
    inOrder: boolean;
    reading?: DataConfig;
    say: (text: string) => void;
  },
): Promise<Splits> {
  const dataset = await readSets(paths, model, reading ?? {}, say);
  const { calibration, selection, test, seed } = config;
  const options: SplitOptions = {
    shuffle: !inOrder,
    ...given({ seed, calibration, selection, test }),
  };
  if (!quick) return splitDataset(dataset, options);
  const whole = splitDataset(dataset, options);
  const atMost = (split: keyof typeof QUICK_SIZES) =>
    Math.min(QUICK_SIZES[split], whole[split].length);
  return splitDataset(dataset, {
    ...{ calibration: atMost("calibration"), selection: atMost("selection"), test: atMost("test") },
    ...options,
  });
}

/** The fields that are not undefined. */
export function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** The command line as it was typed, to be typed again. */
export function commandLine(task: string, args: readonly string[]): string {
  return [commandName(task), ...args.map(quoted)].join(" ");
}

/** Quotes an argument for a POSIX shell, where it needs it. */
function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
