import { fileURLToPath } from "node:url";
import { UserError } from "../errors.ts";
import { valueTypes } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import type { ValueType } from "../tensor/tensor.ts";
import { arrays } from "./arrays.ts";
import type { Dataset } from "./dataset.ts";
import { idleInputs, withIdleInputs } from "./idle_inputs.ts";
import { type LabelledText, readTexts } from "./text/read_texts.ts";
import {
  fixedLength,
  type TokenInput,
  tokenInputs,
  type TokenRole,
  tokenTensor,
} from "./text/token_inputs.ts";
import type { Encoded } from "./text/tokenizer.ts";
import { readJson, type TokenizerFiles, tokenizerFiles } from "./text/tokenizer_files.ts";
import { unlikePython } from "./text/unlike_python.ts";

/**
 * Options for {@linkcode textDataset}.
 * @category Samples (advanced)
 */
export interface TextDatasetOptions {
  /**
   * The tokenizer that the network was trained with: a `tokenizer.json`, or the folder that holds it. A
   * `tokenizer_config.json` beside it counts too, and a `config.json` for names of classes.
   */
  tokenizer: string | URL;
  /**
   * Most tokens of a text, those that the tokenizer adds counted; what is longer is cut.
   * @default {what the network's shape fixes, or else what the tokenizer's files say}
   */
  maxLength?: number;
  /** What inputs are told of a text, where their names do not say it. @default {by their names} */
  inputs?: Readonly<Record<string, TokenRole>>;
}

/**
 * Makes a data set of texts: each is one sample, as long as its tokens. Of a network whose length is fixed
 * they are padded to that, with places that the mask leaves out.
 *
 * Inputs are known by the names that exporters give them: `input_ids`, `attention_mask`, `token_type_ids`,
 * `position_ids`, lengths, and a past, which is empty. A single input takes the tokens whatever its name.
 *
 * Tokens are made by `@huggingface/tokenizers`, as `@huggingface/transformers` makes them in a page; it is
 * loaded at the first call. Where they may not be those of Python, `notes` of the data set say so.
 *
 * @param texts The texts; or a path: of a `.txt` with one text a line, or of a `.jsonl` with one object a
 * line, `{ "text": "...", "text_pair": "...", "label": 0 }`, of which all but the text may be missing. A
 * label is a class, counted from 0, or its name in the network's `config.json`.
 * @param network The model, or its inputs.
 * @throws {UserError} If a file cannot be read, it is not known what an input takes, or a label is no class.
 * @example
 * ```ts
 * import { parseModel, textDataset } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const vocab = { "[UNK]": 0, "[PAD]": 1, int: 2, "##8": 3, fast: 4 };
 * const tokenizer = await Deno.makeTempFile({ suffix: ".json" });
 * await Deno.writeTextFile(tokenizer, JSON.stringify({
 *   model: { type: "WordPiece", vocab, unk_token: "[UNK]", continuing_subword_prefix: "##" },
 *   pre_tokenizer: { type: "Whitespace" },
 *   normalizer: { type: "Lowercase" },
 *   post_processor: null,
 *   decoder: null,
 *   added_tokens: [],
 * }));
 * const model = parseModel("input input_ids int64[N, T]; output y int64[N, T]; y = Abs(input_ids)");
 * const data = await textDataset(["Int8 fast", "fast"], model, { tokenizer });
 * assert.deepEqual([...(await data.sample(0)).input_ids!.data], [2n, 3n, 4n]);
 * await Deno.remove(tokenizer);
 * ```
 * @category Samples (advanced)
 */
export async function textDataset(
  texts: string | URL | readonly string[],
  network: Model | readonly ValueType[],
  options: TextDatasetOptions,
): Promise<Dataset> {
  const isList = Array.isArray(texts);
  const path = isList ? "texts" : texts instanceof URL ? fileURLToPath(texts) : texts as string;
  const name = path.split(/[/\\]/).at(-1)!;
  const all = "graph" in network ? valueTypes(network.graph).inputs : network;
  const idle = "graph" in network ? idleInputs(network.graph) : [];
  const read = all.filter((input) => !idle.some((one) => one.name === input.name));
  const inputs = tokenInputs(read, options.inputs ?? {}, name);
  const list: readonly LabelledText[] = isList
    ? (texts as readonly string[]).map((text) => ({ text }))
    : await readTexts(path);
  const files = await tokenizerFiles(options.tokenizer);
  const { samples, notes } = await encodeAll(list, inputs, files, options.maxLength);
  const labels = await classesOf(list, files, name);
  const data = arrays(samples, { name, inputs: read, ...labels && { labels } });
  return withIdleInputs({ ...data, notes: [...data.notes ?? [], ...notes] }, idle);
}

/** What the inputs are fed for each text, and what there is to say of their lengths. */
async function encodeAll(
  texts: readonly LabelledText[],
  inputs: readonly TokenInput[],
  files: TokenizerFiles,
  asked: number | undefined,
) {
  const { tokenizerOf } = await import("./text/tokenizer.ts"); // most users bring no texts
  const { name, json, config } = files;
  const rules = await readJson(json);
  const tokenizer = tokenizerOf({
    name,
    rules,
    config: config ? await readJson(config) : {},
  });
  const fixed = fixedLength(inputs);
  const most = Math.min(asked ?? Infinity, fixed ?? Infinity);
  const maxLength = most < Infinity ? most : tokenizer.maxLength ?? Infinity;
  const encoded = texts.map((text) => tokenizer.encode(text, maxLength));
  return {
    samples: encoded.map((one) =>
      Object.fromEntries(
        inputs.map((input) => [
          input.input.name,
          tokenTensor(input, one, fixed ?? one.ids.length, tokenizer),
        ]),
      )
    ),
    notes: [
      lengthsNote(encoded, maxLength, fixed),
      ...unlikePython(rules, texts.map(({ text, pair = "" }) => `${text}\n${pair}`)),
    ],
  };
}

function lengthsNote(
  encoded: readonly Encoded[],
  maxLength: number,
  fixed: number | undefined,
): string {
  const lengths = encoded.map(({ ids }) => ids.length).sort((a, b) => a - b);
  const cut = encoded.filter(({ isCut }) => isCut).length;
  const median = lengths[Math.floor(lengths.length / 2)];
  return `Tokens of a text: ${lengths[0]} to ${lengths.at(-1)}, median ${median}` +
    (cut > 0 ? `; of ${lengths.length} texts, ${cut} cut to ${maxLength}` : "") +
    (fixed === undefined ? "." : `; padded to the network's ${fixed}.`);
}

/** The class of each text; undefined where no text has one. */
async function classesOf(
  texts: readonly LabelledText[],
  { network }: TokenizerFiles,
  name: string,
): Promise<number[] | undefined> {
  if (texts.every(({ label }) => label === undefined)) return undefined;
  const { label2id } = network ? await readJson(network) : {};
  const ids = new Map(Object.entries(label2id ?? {}));
  return texts.map(({ label = -1, text }) => {
    if (typeof label === "number") return label;
    const id = ids.get(label);
    if (typeof id === "number") return id;
    throw new UserError(
      `Cannot use ${name}: "${label}", the label of "${text.slice(0, 60)}", is no class that the ` +
        `network's config.json names (label2id: ${[...ids.keys()].join(", ") || "none"})`,
    );
  });
}
