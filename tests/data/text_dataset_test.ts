import assert from "node:assert/strict";
import { samples } from "../../lib/data/dataset.ts";
import { textDataset } from "../../lib/data/text_dataset.ts";
import { UserError } from "../../lib/errors.ts";
import type { Feeds } from "../../lib/tensor/tensor.ts";
import { modelOf } from "../quantize/fixture.ts";
import { inTempFolder } from "../temp_folder.ts";
import { TOKENIZER_JSON } from "./text/tokenizer_json.ts";

const bert = modelOf(
  `input input_ids int64[N, T]; input attention_mask int64[N, T]; input token_type_ids int64[N, T]
  output y int64[N, T]; a = Add(input_ids, attention_mask); y = Add(a, token_type_ids)`,
);

/** Runs a test in a folder with a tokenizer. */
const inFolder = (
  test: (folder: string) => Promise<void>,
  { config = {}, ...changes }: Record<string, unknown> = {},
) =>
  inTempFolder(async (folder) => {
    const write = (name: string, value: unknown) =>
      Deno.writeTextFile(`${folder}/${name}`, JSON.stringify(value));
    await write("tokenizer.json", { ...TOKENIZER_JSON, ...changes });
    await write("tokenizer_config.json", config);
    await write("config.json", { label2id: { calm: 0, angry: 1 } });
    await test(folder);
  });

const valuesOf = (feeds: Feeds) =>
  Object.fromEntries(
    Object.entries(feeds).map(([name, { data }]) => [name, [...data as BigInt64Array].map(Number)]),
  );

const refuses = (promise: Promise<unknown>, message: RegExp) =>
  assert.rejects(promise, (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, message);
    return true;
  });

Deno.test("textDataset() feeds each text with its own length: tokens, mask, types", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/a.txt`, "INT8 is fast\r\n\n  \nquick\n");
    const data = await textDataset(`${folder}/a.txt`, bert, { tokenizer: folder });
    assert.equal(data.length, 2);
    assert.equal(data.labels, undefined);
    const [first, second] = await Array.fromAsync(samples(data));
    assert.deepEqual(first!.input_ids!.dims, [1, 6]);
    assert.deepEqual(valuesOf(first!), {
      input_ids: [2, 4, 5, 6, 7, 3],
      attention_mask: [1, 1, 1, 1, 1, 1],
      token_type_ids: [0, 0, 0, 0, 0, 0],
    });
    assert.deepEqual(valuesOf(second!).input_ids, [2, 1, 3]);
    assert.deepEqual(data.notes, ["Tokens of a text: 3 to 6, median 6."]);
  }));

Deno.test("textDataset() takes pairs and classes, by number or name, from .jsonl", () =>
  inFolder(async (folder) => {
    const path = `${folder}/a.jsonl`;
    const lines = [
      { text: "int8", text_pair: "is small", label: "angry", idx: 7 },
      { text: "fast", label: 0 },
      { text: "not", text_pair: null },
    ];
    await Deno.writeTextFile(path, lines.map((line) => JSON.stringify(line)).join("\n"));
    const data = await textDataset(path, bert, { tokenizer: `${folder}/tokenizer.json` });
    assert.deepEqual([...data.labels!], [1, 0, -1]);
    const { input_ids, token_type_ids } = valuesOf(await data.sample(0));
    assert.deepEqual(input_ids, [2, 4, 5, 3, 6, 8, 3]);
    assert.deepEqual(token_type_ids, [0, 0, 0, 0, 1, 1, 1]);

    const refuse = async (text: string, message: RegExp) => {
      await Deno.writeTextFile(path, text);
      await refuses(textDataset(path, bert, { tokenizer: folder }), message);
    };
    await refuse('{ "text": "int8" }\n[1]', /a\.jsonl, line 2: it has no "text"/);
    await refuse('{ "text": "int8"', /line 1: it is no JSON object/);
    await refuse('{ "text": "a", "text_pair": 1 }', /its "text_pair" is no text/);
    await refuse('{ "text": "a", "label": [1] }', /"label" is neither a number nor/);
    await refuse('{ "text": "a", "label": "cross" }', /no class .* \(label2id: calm, angry\)/);
    await refuse("\n\n", /it holds no text/);
  }));

Deno.test("textDataset() cuts to what is asked, the network fixes, or the tokenizer says, in that order", () =>
  inFolder(async (folder) => {
    const read = async (network: typeof bert, maxLength?: number) => {
      const options = { tokenizer: folder, ...maxLength !== undefined && { maxLength } };
      const data = await textDataset(["int8 is fast", "fast"], network, options);
      const ids = (await Array.fromAsync(samples(data))).map((one) => valuesOf(one).input_ids);
      return { ids, note: data.notes![0] };
    };
    assert.deepEqual((await read(bert)).ids, [[2, 4, 5, 6, 3], [2, 7, 3]]);
    assert.deepEqual(await read(bert, 4), {
      ids: [[2, 4, 5, 3], [2, 7, 3]],
      note: "Tokens of a text: 3 to 4, median 4; of 2 texts, 1 cut to 4.",
    });
    const fixed = modelOf("input input_ids int64[1, 8]; output y int64[1, 8]; y = Abs(input_ids)");
    assert.deepEqual(await read(fixed), {
      ids: [[0, 0, 2, 4, 5, 6, 7, 3], [0, 0, 0, 0, 0, 2, 7, 3]],
      note: "Tokens of a text: 3 to 6, median 6; padded to the network's 8.",
    });
    await refuses(read(bert, 1), /Cannot cut texts to 1 tokens: .* adds 2 to each/);
  }, { truncation: { max_length: 5 }, config: { padding_side: "left", model_max_length: 1e30 } }));

Deno.test("textDataset() knows positions, lengths and an empty past, of any type and rank", () =>
  inFolder(async (folder) => {
    const decoder = modelOf(
      `input input_ids int32[N, 4]; input attention_mask float32[N, 4]; input position_ids int64[4]
      input x_lengths int64[N]; input past_key_values.0.key float32[N, 2, P, 8]; input idle float32[N, 3]
      output a int32[N, 4]; output b float32[N, 4]; output c int64[4]; output d int64[N]
      output e float32[N, 2, P, 8]
      a = Abs(input_ids); b = Abs(attention_mask); c = Abs(position_ids); d = Abs(x_lengths)
      e = Abs(past_key_values.0.key)`,
    );
    const data = await textDataset(["fast"], decoder, { tokenizer: folder });
    const { "past_key_values.0.key": past, ...sample } = await data.sample(0);
    assert.deepEqual([past!.dims, past!.data.length], [[1, 2, 0, 8], 0]);
    const { type, dims, data: mask } = sample.attention_mask!;
    assert.deepEqual([type, dims, [...mask]], ["float32", [1, 4], [1, 1, 1, 0]]);
    assert.deepEqual(valuesOf(sample), {
      input_ids: [2, 7, 3, 0],
      attention_mask: [1, 1, 1, 0],
      position_ids: [0, 1, 2, 0],
      x_lengths: [3],
      idle: [0, 0, 0],
    });
  }));

Deno.test("textDataset() asks what an input takes whose name does not say it", () =>
  inFolder(async (folder) => {
    const tokenizer = folder;
    const two = modelOf(
      "input a int64[N, T]; input b int64[N, T]; output y int64[N, T]; y = Add(a, b)",
    );
    const one = modelOf("input a int64[N, T]; output y int64[N, T]; y = Abs(a)");
    const feeds = await (await textDataset(["fast"], one, { tokenizer })).sample(0);
    assert.deepEqual(valuesOf(feeds), { a: [2, 7, 3] });
    const inputs = { a: "mask", b: "ids" } as const;
    const told = await (await textDataset(["fast"], two, { tokenizer, inputs })).sample(0);
    assert.deepEqual(valuesOf(told), { a: [1, 1, 1], b: [2, 7, 3] });
    await refuses(textDataset(["fast"], two, { tokenizer }), /what "a" .*, "b" .* take of a text/);
    await refuses(
      textDataset(["fast"], two, { tokenizer, inputs: { c: "ids" } }),
      /"c" .* no input of the network, which has "a", "b"/,
    );
    const ofPast = modelOf(
      `input ids int64[N, T]; input past_key float32[N, 2]; output y int64[N, T]; output z float32[N, 2]
      y = Abs(ids); z = Abs(past_key)`,
    );
    await refuses(textDataset(["fast"], ofPast, { tokenizer }), /none of its lengths is open/);
  }));

Deno.test("textDataset() says what is wrong with a tokenizer's file", () =>
  inFolder(async (folder) => {
    const open = (tokenizer: string) => textDataset(["fast"], bert, { tokenizer });
    await refuses(open(`${folder}/tokeniser.json`), /there is no such file \(did you mean/);
    for (
      const [text, message] of [["[]", /no JSON object/], ["{", /it is no JSON;/], [
        "{}",
        /no tokenizer\.json that @huggingface/,
      ]]
    ) {
      await Deno.writeTextFile(`${folder}/tokenizer.json`, text as string);
      await refuses(open(folder), message as RegExp);
    }
    const { "[UNK]": _, ...vocab } = TOKENIZER_JSON.model.vocab;
    const model = { ...TOKENIZER_JSON.model, vocab };
    const rules = { ...TOKENIZER_JSON, added_tokens: [], model };
    await Deno.writeTextFile(`${folder}/tokenizer.json`, JSON.stringify(rules));
    await refuses(textDataset(["quick"], bert, { tokenizer: folder }), /no token for a piece of/);
  }));
