import { basename } from "node:path";
import { arrays } from "../../lib/data/arrays.ts";
import type { Dataset } from "../../lib/data/dataset.ts";
import { images } from "../../lib/data/images.ts";
import { npzDataset } from "../../lib/data/npz_dataset.ts";
import { textDataset } from "../../lib/data/text_dataset.ts";
import { stateful } from "../../lib/data/stateful.ts";
import { readWav, windows } from "../../lib/data/wav.ts";
import { UsageError } from "../../lib/errors.ts";
import { freeRun } from "../../lib/evaluate/free_run.ts";
import { valueTypes } from "../../lib/onnx/graph.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { pastStates } from "../../lib/onnx/past_states.ts";
import type { DataConfig } from "../../lib/config/data_config.ts";
import { configReference } from "../../lib/config/config_reference.ts";
import type { SharedConfig } from "../../lib/config/shared_config.ts";
import { parseShared } from "../../lib/config/any_config.ts";
import type { ValueType } from "../../lib/tensor/tensor.ts";
import { number, text } from "./command.ts";
import { modelFolder } from "./model_folder.ts";
import { openOwnRuntime } from "./open_own_runtime.ts";
import { readUserText } from "../../lib/user_file.ts";

/** What `--data` takes, for the help of each command. */
export const DATA_HELP =
  "samples: .npz with one array per input, first axis = samples, and labels; a folder of pictures, " +
  "in folders of their classes or not; a .wav; or texts, one a line (.txt, .jsonl), with --tokenizer";

/** What makes tokens of the texts of `--data`. */
export const TOKENIZER_OPTION = text(
  "PATH",
  "where --data is texts: the tokenizer.json that the network was trained with, or the folder that holds " +
    "it; by default that of the model's folder",
);

/** How far a network writes on, of commands that compare. */
export const GENERATE_OPTION = number(
  "N",
  "take the samples for prompts: float32 writes N tokens behind each, with its own past, and others are to " +
    "write the same (--metric divergence tells how far they do)",
  { integer: true, min: 1 },
);

/** An option of commands that take nothing else from a config. */
export const READING = configOption(
  'how --data is to be read: JSON with comments, a key "data"; other keys are left to other commands',
);

/** The option of a config, with the reference of all keys behind `--config help`. */
export function configOption(what: string) {
  return text("FILE", `${what} (--config help lists every key)`, configReference);
}

/** What the file that {@linkcode READING} names says. */
export async function readShared(path: string | undefined): Promise<SharedConfig | undefined> {
  return path === undefined ? undefined : parseShared(await readUserText(path), path);
}

/**
 * What a config says of samples, and the options of a command, which come first; texts take the tokenizer
 * of the model's own folder where nothing names another.
 *
 * @param model The model as it was named.
 */
export async function readingOf(
  config: Pick<SharedConfig, "data"> | undefined,
  { data, tokenizer, generate }: {
    readonly data?: string | readonly string[] | undefined;
    readonly tokenizer?: string | undefined;
    readonly generate?: number | undefined;
  },
  model: string | undefined,
): Promise<DataConfig> {
  const reading = config?.data ?? {};
  const named = tokenizer ?? reading.text?.tokenizer;
  const kinds = await Promise.all([data ?? []].flat().map(kindOf));
  const own = named === undefined && kinds.includes("text")
    ? (await modelFolder(model))?.path
    : undefined;
  const chosen = named ?? own;
  return {
    ...reading,
    ...(chosen !== undefined && { text: { ...reading.text, tokenizer: chosen } }),
    ...(generate !== undefined && { generate }),
  };
}

/**
 * Reads the samples of a model: a folder of pictures, a sound, or else arrays.
 *
 * @param config What a config's `data` says of them.
 * @param say Tells what was decided on the way.
 * @throws {UserError} If they cannot be read, or do not fit the model or the config.
 */
export async function readSamples(
  path: string,
  model: Model,
  config: DataConfig = {},
  say: (text: string) => void = () => {},
): Promise<Dataset> {
  const { inputs } = valueTypes(model.graph);
  const { lengths, generate } = config;
  const state = config.state ?? (generate === undefined ? undefined : pastStates(model.graph));
  if (state) requireState(state, model);
  const samples = await read(path, model, { ...config, ...(state && { state }) });
  samples.notes?.forEach(say);
  if (generate !== undefined) {
    await using runtime = await openOwnRuntime({}, say);
    return await freeRun(model, samples, { tokens: generate, runtime, state });
  }
  if (state) return stateful(samples, { state, lengths, inputs });
  if (lengths !== undefined) {
    throw new UsageError(`"lengths" cuts ${path} into sequences, which take a "state" beside it`);
  }
  return samples;
}

async function read(
  path: string,
  model: Model,
  config: DataConfig,
): Promise<Dataset> {
  const all = valueTypes(model.graph).inputs;
  const states = Object.values(config.state ?? {});
  const inputs = all.filter(({ name }) => !states.includes(name));
  const kind = await kindOf(path);
  const other = (["images", "wav", "text"] as const).find((key) => key !== kind && config[key]);
  if (other !== undefined) {
    const said = other === "text" ? "--tokenizer or the config" : "The config";
    throw new UsageError(
      `${said} tells of ${TOLD[other]}, but --data ${path} is ${IS[kind]}`,
    );
  }
  switch (kind) {
    case "images":
      return await images(path, { ...config.images, inputs });
    case "wav":
      return await sound(path, inputs, config);
    case "text":
      return await texts(path, model, config);
    case "npz":
      return await npzDataset(path, model, states);
  }
}

/** What `--data` may be. */
const IS = {
  images: "a folder",
  wav: "a sound",
  text: "a file of texts",
  npz: "a file of arrays",
};

type Kind = keyof typeof IS;

/** What a config speaks of. */
const TOLD = { images: "pictures", wav: "a wav file", text: "texts" };

async function kindOf(path: string): Promise<Kind> {
  const isFolder = await Deno.stat(path).then((stat) => stat.isDirectory, () => false);
  if (isFolder) return "images";
  return /\.wav$/i.test(path) ? "wav" : /\.(txt|jsonl)$/i.test(path) ? "text" : "npz";
}

/** Texts, which take a tokenizer. */
async function texts(path: string, model: Model, { text }: DataConfig): Promise<Dataset> {
  const { tokenizer, ...rest } = text ?? {};
  if (tokenizer === undefined) {
    throw new UsageError(
      `${path} holds texts, of which a tokenizer makes what a network reads: give --tokenizer ` +
        "tokenizer.json, the one that the network was trained with, or the folder that holds it",
    );
  }
  return await textDataset(path, model, { ...rest, tokenizer });
}

/** Windows of the first channel, in the shape that the input has. */
async function sound(
  path: string,
  inputs: readonly ValueType[],
  { wav }: DataConfig,
): Promise<Dataset> {
  if (!wav) {
    throw new UsageError(
      `${path} has to be cut into samples: say how in a config, ` +
        `{ "data": { "wav": { "length": 512 } } }`,
    );
  }
  const name = wav.input ?? (inputs.length === 1 ? inputs[0]!.name : undefined);
  if (name === undefined) {
    throw new UsageError(
      `Which input takes ${path}? Name one of ${inputs.map(({ name }) => name).join(", ")} ` +
        `in the config: { "data": { "wav": { "input": ... } } }`,
    );
  }
  const { channels } = await readWav(path, { sampleRate: wav.sampleRate });
  const { type, data, dims: [count, length] } = windows(channels[0]!, { ...wav, name: path });
  const expected = inputs.find((input) => input.name === name)?.dims ?? [];
  // Axes of 1 beside the one of time, as in [N, 1, length].
  const inner = expected.length > 2
    ? expected.slice(1).map((dim) => dim === 1 ? 1 : length!)
    : [length!];
  return arrays({ [name]: { type, data, dims: [count!, ...inner] } }, {
    name: basename(path),
    inputs,
  });
}

/** A state that names what the network has not is told before anything runs. */
function requireState(state: Readonly<Record<string, string>>, model: Model): void {
  const { inputs, outputs } = valueTypes(model.graph);
  for (const [from, to] of Object.entries(state)) {
    for (
      const [name, values, what] of [[from, outputs, "output"], [to, inputs, "input"]] as const
    ) {
      if (values.some((value) => value.name === name)) continue;
      throw new UsageError(
        `The config's "state" names the ${what} "${name}", which ${model.name} does not have; ` +
          `it has ${values.map((value) => value.name).join(", ")}`,
      );
    }
  }
}
