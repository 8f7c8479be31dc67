import assert from "node:assert/strict";
import { join } from "node:path";
import { encode } from "fast-png";
import { writeNpz } from "../../../lib/data/npz.ts";
import { UserError } from "../../../lib/errors.ts";
import { float32 } from "../../../lib/tensor/tensor.ts";
import { readingOf, readSamples, readShared } from "../../../scripts/cli/data.ts";
import { modelOf } from "../../quantize/fixture.ts";
import { TOKENIZER_JSON } from "../../data/text/tokenizer_json.ts";
import { inTempFolder } from "../../temp_folder.ts";

const gray = modelOf("input x float32[N, 1, 2, 2]; output y float32[N, 1, 2, 2]; y = Relu(x)");
const listener = modelOf(
  `input sound float32[N, 1, 4]; input h float32[1, 2]
  output y float32[N, 1, 4]; output h_out float32[1, 2]
  y = Relu(sound); h_out = Relu(h)`,
);

/** A wav file of 16 bits, one channel, 8,000 samples per second. */
function wav(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(44 + 2 * values.length);
  const view = new DataView(bytes.buffer);
  new TextEncoder().encodeInto("RIFF    WAVEfmt ", bytes);
  new TextEncoder().encodeInto("data", bytes.subarray(36));
  view.setUint32(16, 16, true);
  [1, 1].forEach((value, i) => view.setUint16(20 + 2 * i, value, true));
  view.setUint32(24, 8000, true);
  view.setUint16(34, 16, true);
  view.setUint32(40, 2 * values.length, true);
  values.forEach((value, i) => view.setInt16(44 + 2 * i, value * 2 ** 15, true));
  return bytes;
}

const inFolder = (test: (at: (name: string) => string) => Promise<void>) =>
  inTempFolder((folder) => test((name) => join(folder, name)));

const refuses = (promise: Promise<unknown>, message: RegExp) =>
  assert.rejects(promise, (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, message);
    return true;
  });

Deno.test("readShared() takes what any config says of samples", () =>
  inFolder(async (at) => {
    assert.equal(await readShared(undefined), undefined);
    await Deno.writeTextFile(at("wav.jsonc"), '{ "data": { "wav": { "length": 4 } } }');
    assert.deepEqual((await readShared(at("wav.jsonc")))?.data, { wav: { length: 4 } });
    const text = '\ufeff{ "data": {},\n"observer": "mse" }'; // with the mark of Windows' editors
    await Deno.writeTextFile(at("more.jsonc"), text);
    assert.deepEqual((await readShared(at("more.jsonc")))?.data, {});
    const refuse = async (content: Uint8Array | string, message: RegExp) => {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      await Deno.writeFile(at("bad.jsonc"), bytes);
      await refuses(readShared(at("bad.jsonc")), message);
    };
    await refuse(
      '{ "data": {},\n"observr": "mse" }',
      /line 2: unknown key "observr"; did you mean/,
    );
    await refuse("", /bad\.jsonc: it is empty$/);
    await refuse(Uint8Array.from({ length: 256 }, (_, i) => i), /it is no text; save it as UTF-8$/);
    await refuse(Uint8Array.of(0xff, 0xfe, 123, 0, 125, 0), /in UTF-16; save it as UTF-8$/);
  }));

Deno.test("readSamples() takes a folder of pictures, prepared as the config says", () =>
  inFolder(async (at) => {
    for (const [folder, value] of [["cat", 0], ["dog", 255]] as const) {
      await Deno.mkdir(at(folder));
      const picture = { width: 2, height: 2, channels: 1, data: new Uint8Array(4).fill(value) };
      await Deno.writeFile(at(`${folder}/a.png`), encode(picture));
    }
    const images = { channels: "gray", mean: 0.5, std: 0.5 } as const;
    const data = await readSamples(at(""), gray, { images });
    assert.deepEqual([...data.labels!], [0, 1]);
    assert.deepEqual([...(await data.sample(1)).x!.data], [1, 1, 1, 1]);
    const colour = await readSamples(at(""), gray); // three channels are not what it takes
    await refuses(Promise.resolve().then(() => colour.sample(0)), /\[1, 3, 2, 2\]|3 channels/);
    const wav = { length: 4 };
    await refuses(
      readSamples(at(""), gray, { wav }),
      /tells of a wav file, but --data .* a folder/,
    );
  }));

Deno.test("readSamples() cuts a sound into windows, and feeds states back", () =>
  inFolder(async (at) => {
    await Deno.writeFile(at("a.wav"), wav(Array.from({ length: 24 }, (_, i) => i / 32)));
    const config = {
      wav: { length: 4, sampleRate: 8000 },
      state: { h_out: "h" },
      lengths: 3,
    };
    const data = await readSamples(at("a.wav"), listener, config);
    assert.deepEqual(data.stream!.lengths, [3, 3]);
    const { sound, h } = await data.sample(1);
    assert.deepEqual(sound!.dims, [1, 1, 4]);
    assert.deepEqual([...sound!.data], [4, 5, 6, 7].map((x) => x / 32));
    assert.deepEqual(h!.dims, [1, 2]);

    const read = (change: object) => readSamples(at("a.wav"), listener, { ...config, ...change });
    await refuses(read({ state: { hout: "h" } }), /output "hout", which .* it has y, h_out/);
    await refuses(read({ state: { h_out: "g" } }), /input "g", which .* it has sound, h/);
    await refuses(read({ wav: { length: 4, sampleRate: 16000 } }), /16000 are wanted/);
    await refuses(read({ wav: undefined }), /cut into samples: say how/);
    await refuses(read({ state: undefined }), /Which input takes|take a "state"/);
  }));

Deno.test("readSamples() makes a stream of arrays, with states that they hold or with zeros", () =>
  inFolder(async (at) => {
    const sound = float32([3, 1, 4], new Float32Array(12));
    await writeNpz(at("a.npz"), { sound });
    const config = { state: { h_out: "h" } };
    const zeros = await readSamples(at("a.npz"), listener, config);
    assert.deepEqual([...(await zeros.sample(0)).h!.data], [0, 0]);
    const h = float32([3, 2], new Float32Array(6).fill(7)); // a row for each step, of which the first counts
    await writeNpz(at("a.npz"), { sound, h });
    const held = await readSamples(at("a.npz"), listener, config);
    assert.deepEqual([...(await held.sample(0)).h!.data], [7, 7]);
  }));

Deno.test("readSamples() makes tokens of texts by the tokenizer of an option, or else of the config", () =>
  inFolder(async (at) => {
    const reader = modelOf("input ids int64[N, T]; output y int64[N, T]; y = Abs(ids)");
    await Deno.writeTextFile(at("tokenizer.json"), JSON.stringify(TOKENIZER_JSON));
    await Deno.writeTextFile(at("a.txt"), "fast\nnot fast\n");
    const options = (tokenizer: string | undefined) => ({ data: at("a.txt"), tokenizer });
    const read = async (tokenizer: string | undefined, text: object, model?: string) => {
      const reading = await readingOf({ data: { text } }, options(tokenizer), model);
      return await readSamples(at("a.txt"), reader, reading);
    };
    const data = await read(at("tokenizer.json"), { tokenizer: "gone.json", maxLength: 3 });
    assert.deepEqual([...(await data.sample(1)).ids!.data], [2n, 9n, 3n]);
    assert.equal((await read(undefined, { tokenizer: at("") })).length, 2);
    await refuses(read(undefined, {}), /a\.txt holds texts.* give --tokenizer tokenizer\.json/);
    await writeNpz(at("a.npz"), { ids: float32([1, 1], [1]) });
    const text = { tokenizer: at("") };
    await refuses(
      readSamples(at("a.npz"), reader, { text }),
      /--tokenizer or the config tells of texts, but --data .* is a file of arrays/,
    );
  }));
