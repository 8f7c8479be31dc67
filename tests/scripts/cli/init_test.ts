import assert from "node:assert/strict";
import { writeNpz } from "../../../lib/data/npz.ts";
import { readModel } from "../../../lib/onnx/file.ts";
import { PLAIN_BUILD } from "../../../lib/ship/web_runtime.ts";
import { tinyArrays, tinyModel } from "../../task/tiny.ts";
import { inTempFolder } from "../../temp_folder.ts";
import { run } from "./spawn.ts";

Deno.test("init makes a folder about the model that it is given, and leaves what is there", () =>
  inTempFolder(async (folder) => {
    await tinyModel().save(`${folder}/tiny.onnx`);
    await writeNpz(`${folder}/data.npz`, { x: tinyArrays(4).x });
    await Deno.mkdir(`${folder}/new`);
    await Deno.writeTextFile(`${folder}/new/.gitignore`, "mine\n");
    const { code, stdout, stderr } = await run(
      ...["init", `${folder}/new`, "--model", `${folder}/tiny.onnx`] as const,
      ...["--data", `${folder}/data.npz`],
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout, /Wrote .*new\/first\.ipynb\n/);
    assert.match(stdout, /Left .*new\/\.gitignore as it is\n/);
    const read = (name: string) => Deno.readTextFile(`${folder}/new/${name}`);
    assert.equal(await read(".gitignore"), "mine\n");
    assert.match(await read("first.ipynb"), /MODEL = \\"\.\.\/tiny\.onnx\\";/);
    assert.match(await read("octavo.jsonc"), /\[\["front\.conv1", "float32"\]/);
  }));

Deno.test("a script in a folder that init made imports Octavo", () =>
  inTempFolder(async (folder) => {
    assert.equal((await run("init", folder)).code, 0);
    const code = 'import { decodeModel } from "octavo/quantize"; console.log(decodeModel.name);';
    await Deno.writeTextFile(`${folder}/main.ts`, code);
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "main.ts"],
      cwd: folder,
    }).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assert.equal(out, "decodeModel\n", err);
  }));

Deno.test("init --page writes what a page needs to run the model, and what Deno got of it", () =>
  inTempFolder(async (folder) => {
    await Deno.mkdir(`${folder}/study`);
    await tinyModel().save(`${folder}/study/best.onnx`);
    const page = ["init", `${folder}/page`, "--page", `${folder}/study`] as const;
    const { code, stdout, stderr } = await run(...page);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /node .*page\/serve\.mjs/);
    const { inputs, samples: [sample] } = JSON.parse(
      await Deno.readTextFile(`${folder}/page/samples.json`),
    );
    assert.match(inputs, /made up/);
    assert.deepEqual(sample.inputs[0].dims, [1, 3, 12, 12]);
    assert.equal(sample.outputs[0].name, "logits");
    const { size } = await Deno.stat(`${folder}/page/ort/${PLAIN_BUILD.wasm.name}`);
    assert.equal(size, PLAIN_BUILD.wasm.bytes);
    const model = await readModel(`${folder}/page/best.onnx`);
    assert.equal(await model.hash(), await tinyModel().hash());

    const again = await run(...page);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /^init: Cannot make a page in .*: it holds index\.html, .* already/);
  }));

Deno.test("init says what is missing, and what does not go together", async () => {
  const says = async (code: number, pattern: RegExp, ...args: string[]) => {
    const ended = await run("init", ...args);
    assert.match(ended.stderr, pattern);
    assert.equal(ended.code, code, args.join(" "));
  };
  await says(2, /Missing FOLDER/);
  await says(2, /needs the model it is for/, "a", "--data", "x.npz");
  await says(2, /reads \.npz/, "a", "--model", "m.onnx", "--data", "photos");
  await says(1, /Cannot read gone\.onnx: there is no such file/, "a", "--model", "gone.onnx");
  await says(1, /Cannot read gone\.onnx: there is no such file/, "--page", "gone.onnx");
  await says(1, /holds no best\.onnx; name a model's file/, "--page", ".");
  await says(2, /names the model already/, "--page", "a.onnx", "--model", "b.onnx");
});
