import { basename, join } from "node:path";
import { commandName } from "../../lib/command_name.ts";
import { slice } from "../../lib/data/dataset.ts";
import { likeTheFirst } from "../../lib/data/first_samples.ts";
import { noise } from "../../lib/data/noise.ts";
import { sampleModel, visemes } from "../../lib/data/visemes.ts";
import { UsageError, UserError } from "../../lib/errors.ts";
import { valueTypes } from "../../lib/onnx/graph.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { baselineWords } from "../../lib/record/given_record.ts";
import type { Study } from "../../lib/record/study_record.ts";
import { plural } from "../../lib/report/format.ts";
import { BEST_MODEL } from "../../lib/study/files.ts";
import { readStudy } from "../../lib/study/open_study.ts";
import type { RuntimeSubject } from "../../lib/task/measure_runtimes.ts";
import type { Feeds } from "../../lib/tensor/tensor.ts";
import { withShapes } from "./asked_shapes.ts";
import { readingOf, readSamples, readShared } from "./data.ts";
import { meansStudy, studyFolder } from "./find_study.ts";
import { readNetwork } from "./read_network.ts";
import { recordedSamples } from "./recorded_samples.ts";
import type { Shell } from "./shell.ts";

/** Samples that take turns. */
const SAMPLES = 4;

/** What was typed. */
export interface SubjectRequest {
  /** A model's file, or a study's folder. @default {the bundled sample} */
  readonly path: string | undefined;
  /** The network that its time is held against. @default {of a study, its own; else none} */
  readonly against: string | undefined;
  /** Its samples. @default {of a study, its own where they are still there; else made up} */
  readonly data: string | undefined;
  readonly config: string | undefined;
  readonly tokenizer: string | undefined;
  /** Shapes of inputs that are made up. */
  readonly shape: readonly string[] | undefined;
}

/** What is to be run, and where its inputs come from. */
export interface FoundSubject extends RuntimeSubject {
  readonly inputs: string;
}

/** Models, and where their samples lie. */
interface Found {
  readonly model: Model;
  readonly float32?: Model;
  readonly data?: string;
  /** How a study's command names its model and its tokenizer. */
  readonly named?: string | undefined;
  readonly tokenizer?: string | undefined;
  readonly config?: string | undefined;
}

/** Reads the model that a path means, the network that it is held against, and a few samples. */
export async function runtimeSubject(
  request: SubjectRequest,
  shell: Pick<Shell, "progress">,
): Promise<FoundSubject> {
  const { path, data, shape } = request;
  if (data !== undefined && shape !== undefined) {
    throw new UsageError("Samples have shapes: leave out --shape, or --data");
  }
  if (path === undefined) {
    const typed = request.against ?? data;
    if (typed === undefined) return { model: await sampleModel(), ...await clips() };
    throw new UsageError(
      `${typed} needs the model it is for: ${commandName("runtime")} model.onnx`,
    );
  }
  const found = await meansStudy(path)
    ? await ofStudy(await studyFolder(path), request, shell)
    : await ofFiles(path, request.against, shell);
  return { ...found, ...await samplesOf(found, request, shell) };
}

async function ofFiles(
  path: string,
  float32: string | undefined,
  shell: Pick<Shell, "progress">,
): Promise<Found> {
  const model = await readNetwork(path, shell);
  return float32 === undefined ? { model } : { model, float32: await readNetwork(float32, shell) };
}

/** The winner of a study, and the network as it was given where that is still to be found. */
async function ofStudy(
  folder: string,
  request: SubjectRequest,
  shell: Pick<Shell, "progress">,
): Promise<Found> {
  const study = await readStudy(folder);
  if (study.winner === undefined) {
    throw new UserError(
      `Cannot compare runtimes on ${folder}: the study has no winner; name a model's file, or run the ` +
        "study to its end",
    );
  }
  const model = await readNetwork(join(folder, BEST_MODEL), shell);
  const { models, data, tokenizer, config } = await recordedSamples(study);
  return {
    model,
    float32: request.against === undefined
      ? await float32Of(study, models, folder, shell)
      : await readNetwork(request.against, shell),
    ...data !== undefined && { data },
    ...{ named: models[0], tokenizer, config },
  };
}

/** The network that a study is of: the bundled sample, or a file that the study's command names. */
async function float32Of(
  { model: { name, hash }, given }: Study,
  files: readonly string[],
  folder: string,
  shell: Pick<Shell, "progress">,
): Promise<Model> {
  const sample = await sampleModel();
  if (await sample.hash() === hash) return sample;
  for (const file of files) {
    if (await Deno.stat(file).then(() => true, () => false)) return await readNetwork(file, shell);
  }
  throw new UserError(
    `Cannot find ${name}, ${
      baselineWords({ given }).network
    } of the study in ${folder}, from here: name its ` +
      "file, --against model.onnx",
  );
}

/** A few samples of one shape: those that were asked for, those of a study, or made up. */
async function samplesOf(
  { model, float32 = model, named, ...own }: Found,
  { data = own.data, config = own.config, tokenizer = own.tokenizer, shape }: SubjectRequest,
  { progress }: Pick<Shell, "progress">,
): Promise<{ samples: readonly Feeds[]; inputs: string }> {
  const { inputs } = valueTypes(float32.graph);
  if (data !== undefined && shape === undefined) {
    const reading = await readingOf(await readShared(config), { data, tokenizer }, named);
    const set = slice(await readSamples(data, float32, reading, progress.log), 0, SAMPLES);
    const samples = await likeTheFirst(set, model.name);
    return { samples, inputs: `${plural(samples.length, "sample")} of ${basename(data)}` };
  }
  if (await isSample(float32)) return await clips();
  const made = noise(withShapes(inputs, shape ?? [], model.name), model.name);
  return { samples: [made], inputs: "made-up inputs" };
}

async function isSample(model: Model): Promise<boolean> {
  return await model.hash() === await (await sampleModel()).hash();
}

/** Clips of the bundled sample. */
async function clips(): Promise<{ samples: readonly Feeds[]; inputs: string }> {
  const { calibration } = visemes({ calibration: SAMPLES, selection: 1, test: 1 });
  const samples = await likeTheFirst(calibration, calibration.name);
  return { samples, inputs: `${plural(samples.length, "clip")} of the bundled sample` };
}
