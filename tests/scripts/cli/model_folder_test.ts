import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { UserError } from "../../../lib/errors.ts";
import { readModel } from "../../../lib/onnx/file.ts";
import { intoFolder, winnerInFolder } from "../../../scripts/cli/into_folder.ts";
import { modelFolder, ownFolder } from "../../../scripts/cli/model_folder.ts";
import { TOKENIZER_JSON } from "../../data/text/tokenizer_json.ts";
import { modelOf } from "../../quantize/fixture.ts";
import { sweepStudy } from "../../report/fixture.ts";
import { inTempFolder } from "../../temp_folder.ts";
import { run } from "./spawn.ts";

/** Ten embeddings and a product behind them. */
const embedder = modelOf(
  `input input_ids int64[N, T]; input attention_mask int64[N, T]
  output last_hidden_state float32[N, T, 16]; output mask int64[N, T]
  tensor table float32[10, 16] = [${Array.from({ length: 160 }, (_, i) => Math.sin(i).toFixed(3))}]
  tensor w float32[16, 16] = [${Array.from({ length: 256 }, (_, i) => Math.cos(i).toFixed(3))}]
  e = Gather(table, input_ids); last_hidden_state = MatMul(e, w); mask = Abs(attention_mask)`,
);

/** Runs a test with a folder as the hub has them, and some texts beside it. */
const inHub = (test: (hub: string, at: (...names: string[]) => string) => Promise<void>) =>
  inTempFolder(async (folder) => {
    const at = (...names: string[]) => join(folder, ...names);
    const write = (name: string, value: unknown) =>
      Deno.writeTextFile(at("tiny-bert", name), JSON.stringify(value));
    await Deno.mkdir(at("tiny-bert", "onnx"), { recursive: true });
    await embedder.save(at("tiny-bert", "onnx", "model.onnx"));
    await write("config.json", { architectures: ["BertModel"], model_type: "bert" });
    await write("tokenizer.json", TOKENIZER_JSON);
    await Deno.writeTextFile(at("lines.txt"), "int8 is fast\nint8 is small\nfast\nnot\n");
    await test(at("tiny-bert"), at);
  });

const refuses = (promise: Promise<unknown>, message: RegExp) =>
  assert.rejects(promise, (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, message);
    return true;
  });

Deno.test("quantize FOLDER reads its network and tokenizer, and writes its int8 form and card into it", () =>
  inHub(async (hub, at) => {
    const args = [hub, "--data", at("lines.txt"), "--dynamic"];
    const { code, stdout, stderr } = await run("quantize", ...args);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /Tokens of a text: 3 to 6/);
    assert.match(
      stdout,
      /loads from .*tiny-bert by dtype: "q8".* not there: tokenizer_config\.json/,
    );
    assert.match(stdout, /Wrote .*onnx.model_quantized\.onnx: .* of tiny-bert\./);
    const written = join(hub, "onnx", "model_quantized.onnx");
    const { graph } = await readModel(written);
    assert.deepEqual(graph.input.map(({ name }) => name), ["input_ids", "attention_mask"]);
    const card = await Deno.readTextFile(join(hub, "README.md"));
    assert.match(card, /pipeline\("feature-extraction", "tiny-bert", \{ dtype: "q8"/);
    assert.match(card, /on 4 samples of lines\.txt/);

    // What its card tells of may be replaced, what another program wrote may not.
    assert.equal((await ownFolder(hub))?.quantized, written);
    await Deno.writeTextFile(written, "another's");
    const again = await run("quantize", hub, "--dynamic");
    assert.equal(again.code, 1);
    assert.match(again.stderr, /another one is there already, .* move it away first/);
    const exact = await run("optimize", hub, "--exact", "--out", join(hub, "onnx", "model.onnx"));
    assert.match(exact.stderr, /is the model itself/);
  }));

Deno.test("inspect FOLDER calls the model after its folder", () =>
  inHub(async (hub) => {
    const { stdout } = await run("inspect", `${hub}/`);
    assert.match(stdout, /^model +tiny-bert$/m);
  }));

Deno.test("optimize FOLDER --exact asks for another name than that of an int8 model", () =>
  inHub(async (hub) => {
    const { code, stderr } = await run("optimize", hub, "--exact");
    assert.equal(code, 2);
    assert.match(stderr, /--exact writes no int8, .* name another file, --out fast\.onnx/);
  }));

Deno.test("modelFolder() takes what an exporter leaves, and says what a folder has in place of a model", () =>
  inHub(async (hub, at) => {
    assert.equal(await modelFolder(at("lines.txt")), undefined);
    assert.equal(await modelFolder(at("gone")), undefined);
    await refuses(modelFolder(at("")), /holds no onnx\/model\.onnx; name a model's file/);
    await Deno.rename(join(hub, "onnx", "model.onnx"), join(hub, "encoder_model.onnx"));
    await refuses(modelFolder(hub), /no onnx\/model\.onnx, but encoder_model\.onnx; name one/);
    await Deno.rename(join(hub, "encoder_model.onnx"), join(hub, "model.onnx"));
    assert.equal((await modelFolder(hub))?.model, join(hub, "model.onnx"));
  }));

Deno.test("winnerInFolder() puts the winner of a study into the folder, and nothing where there is none", () =>
  inHub(async (hub, at) => {
    const study = sweepStudy();
    const folder = (await ownFolder(hub))!;
    const none = await winnerInFolder(folder, { ...study, winner: undefined } as never, at(""));
    assert.match(none, /was not written: the study has no winner/);
    const file = study.trials.find(({ key }) => key === study.winner?.key)?.file;
    assert.ok(file);
    await Deno.mkdir(dirname(at(file)), { recursive: true });
    await Deno.writeTextFile(at(file), "the winner");
    assert.match(await winnerInFolder(folder, study, at("")), /by dtype: "q8"/);
    assert.equal(await Deno.readTextFile(folder.quantized), "the winner");
    assert.match(await Deno.readTextFile(join(hub, "README.md")), /\| float32 as given \|/);
    const card = () => Deno.readTextFile(join(hub, "README.md"));
    assert.match(await intoFolder(folder, undefined), /not there: tokenizer_config\.json/);
    assert.match(await card(), /- It was not measured\./);
    await intoFolder(folder, undefined, "It is the same.");
    assert.match(await card(), /- It is the same\./);
  }));
