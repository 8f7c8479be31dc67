import { basename, dirname, join } from "node:path";
import { reasonOf, UsageError, UserError } from "../../../lib/errors.ts";
import { orDamaged } from "../../../lib/data/damaged.ts";
import type { Dataset } from "../../../lib/data/dataset.ts";
import { fitsCanary, makeCanary } from "../../../lib/evaluate/make_canary.ts";
import type { Model } from "../../../lib/onnx/model.ts";
import { testInRuntime } from "../../../lib/evaluate/test_in_runtime.ts";
import type { Study } from "../../../lib/record/study_record.ts";
import { count, plural } from "../../../lib/report/format.ts";
import type { Runtime } from "../../../lib/runtime/runtime.ts";
import { canaryCode } from "../../../lib/ship/loading_code.ts";
import { type Canary, requireCanary } from "../../../lib/ship/self_test.js";
import { SELF_TEST, SELF_TEST_FILE } from "../../../lib/ship/self_test_text.ts";
import { readUserText } from "../../../lib/user_file.ts";
import { writeWhole } from "../../../lib/whole_file.ts";
import { withShapes } from "../asked_shapes.ts";
import { type CanarySubject, canarySubject } from "../canary_subject.ts";
import { flag, text, texts, WHOLE_FILES } from "../command.ts";
import {
  DATA_HELP,
  READING,
  readingOf,
  readSamples,
  readShared,
  TOKENIZER_OPTION,
} from "../data.ts";
import { openOwnRuntime } from "../open_own_runtime.ts";
import { makeRoomFor, requireOut } from "../out_file.ts";
import { recordedSamples } from "../recorded_samples.ts";
import { RUNTIME_OPTIONS, runtimeChoice } from "../runtime_options.ts";
import { script, type Shell } from "../shell.ts";

const command = {
  name: "canary",
  stopped: WHOLE_FILES,
  summary:
    "Writes a canary of a study's winner, or of any model: a few samples and hashes of what it makes of them, " +
    `and beside it ${SELF_TEST_FILE}, with which a page finds out whether it computes the same to the bit. ` +
    "With --check, finds that out here.",
  operands: {
    path: {
      placeholder: "STUDY|MODEL",
      help: "folder of a study, for its winner; or a model's file",
    },
  },
  options: {
    out: text("FILE", "where to write the canary; some kB of JSON"),
    check: text("FILE", "a canary that the model is to be held against, in place of writing one"),
    data: text(
      "PATH",
      `${DATA_HELP}; the first four are taken, as far as they fit into 24 KiB. Without, a study's own are, ` +
        "where they are still there and fit; else floats are made up",
    ),
    tokenizer: TOKENIZER_OPTION,
    config: READING,
    shape: texts(
      "INPUT=1,3,224,224",
      "shape of an input that is made up; once for each input that leaves dimensions open",
    ),
    ...RUNTIME_OPTIONS,
    json: flag("print what was written, or what was found, as JSON"),
  },
  examples: [
    "studies/sample --out canary.json",
    "model.fast.onnx --data samples.npz --out canary.json",
    "model.fast.onnx --check canary.json",
  ],
} as const;

const main = script(command, async ({ operands: { path }, options }, shell) => {
  const { out, check, data, shape, json } = options;
  if (check !== undefined && (out ?? data ?? shape) !== undefined) {
    throw new UsageError(
      `--check ${check} brings its own samples; leave out --out, --data and --shape`,
    );
  }
  if (data !== undefined && shape !== undefined) {
    throw new UsageError("Samples have shapes: leave out --shape, or --data");
  }
  const target = check === undefined ? requireOut(out, path, "canary.json") : undefined;
  shell.progress.update("reading the model");
  const subject = await canarySubject(path, shell);
  const choice = runtimeChoice(options);
  const workers = Object.keys(choice).length > 0 ? 1 : 0; // this thread has Octavo's own
  await using runtime = await openOwnRuntime({ workers, ...choice }, shell.progress.log);
  if (check !== undefined) return await checkHere(subject, check, runtime, json, shell);

  await makeRoomFor(target!);
  const { canary, from } = await canaryOf(subject, options, runtime, shell);
  const text = JSON.stringify(canary) + "\n";
  await writeWhole(target!, text);
  const module = join(dirname(target!), SELF_TEST_FILE);
  await writeWhole(module, SELF_TEST);
  shell.progress.close();
  await shell.print(
    json ? JSON.stringify(canary, null, 2) : [
      `Wrote ${target}: ${plural(canary.samples.length, "sample")} ` +
      `${from === undefined ? "made up" : `of ${from}`}, ${count(text.length)} bytes`,
      `Wrote ${module}`,
      ...canary.model.sha256 === undefined
        ? [`Weights of ${subject.path} lie in another file: the canary holds no hash of it`]
        : [],
      "",
      "In the page, behind the session:",
      "",
      canaryCode(basename(target!)),
    ].join("\n"),
  );
});

/** What a canary's samples are to be. */
interface Wanted {
  readonly data: string | undefined;
  readonly tokenizer: string | undefined;
  readonly config: string | undefined;
  readonly shape: readonly string[] | undefined;
}

/** A canary, and the samples that it holds, by the path that names them; undefined where they are made up. */
interface Made {
  readonly canary: Canary;
  readonly from: string | undefined;
}

async function canaryOf(
  { model, file, inputs, study }: CanarySubject,
  options: Wanted,
  runtime: Runtime,
  shell: Shell,
): Promise<Made> {
  if (study) await requireRelease(study, runtime);
  const { data, shape } = options;
  const own = data === undefined && shape === undefined && study
    ? await ownSamples(study, model, options, shell)
    : undefined;
  const given = data === undefined ? own : await samplesAt(data, model, options, shell);
  const held = given
    ? { samples: given.samples }
    : { inputs: withShapes(inputs, shape ?? [], model.name) };
  shell.progress.update("running the samples");
  const canary = await makeCanary(model, {
    ...{ runtime, file, ...held },
    ...study && { measuredIn: study.provenance },
  });
  return { canary, from: given?.from };
}

/** Samples, and the path that names them. */
interface NamedSamples {
  readonly samples: Dataset;
  readonly from: string;
}

async function samplesAt(
  path: string,
  model: Model,
  { config, tokenizer }: Pick<Wanted, "config" | "tokenizer">,
  { progress }: Shell,
  named?: string,
): Promise<NamedSamples> {
  const reading = await readingOf(await readShared(config), { data: path, tokenizer }, named);
  return { samples: await readSamples(path, model, reading, progress.log), from: path };
}

/** The samples of a study, where they are still there and a canary holds one of them. */
async function ownSamples(
  study: Study,
  model: Model,
  asked: Wanted,
  shell: Shell,
): Promise<NamedSamples | undefined> {
  const { data, models: [named], ...recorded } = await recordedSamples(study);
  if (data === undefined) return undefined;
  const { config = recorded.config, tokenizer = recorded.tokenizer } = asked;
  try {
    const found = await samplesAt(data, model, { config, tokenizer }, shell, named);
    const isEmpty = found.samples.length === 0;
    if (!isEmpty && fitsCanary(await found.samples.sample(0))) return found;
    shell.progress.log(
      `Samples of ${data} are ${
        isEmpty ? "none" : "too large for a canary"
      }: it holds made-up samples`,
    );
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    shell.progress.log(`${error.message}\nThe canary holds made-up samples`);
  }
  return undefined;
}

/** Bits are those of a release. */
async function requireRelease({ provenance }: Study, runtime: Runtime): Promise<void> {
  const measured = provenance.versions["onnxruntime-web"];
  const { release } = await runtime.environment();
  if (measured === undefined || measured === release) return;
  throw new UserError(
    `Cannot make a canary: the study was measured with onnxruntime-web ${measured}, and this is ${release}; ` +
      `give --runtime ${measured}`,
  );
}

/** Holds a model against a canary here, in Deno, and fails where it computes something else. */
async function checkHere(
  { path, model, file }: CanarySubject,
  check: string,
  runtime: Runtime,
  json: boolean,
  { progress, print }: Shell,
): Promise<void> {
  const canary = await readCanary(check);
  progress.update("running the samples");
  const result = await testInRuntime(model, canary, { runtime, file });
  progress.close();
  const text = result.text.replace(/^This page/, path);
  const told = { ...result, text };
  if (json || result.same) await print(json ? JSON.stringify(told, null, 2) : text);
  if (!result.same) throw new UserError(text);
}

async function readCanary(path: string): Promise<Canary> {
  const text = await readUserText(path);
  const canary = await orDamaged(path, () => JSON.parse(text));
  try {
    requireCanary(canary);
    return canary;
  } catch (error) {
    throw new UserError(`Cannot use ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

export default main;
