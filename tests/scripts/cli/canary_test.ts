import assert from "node:assert/strict";
import { join } from "node:path";
import { writeNpz } from "../../../lib/data/npz.ts";
import { sqnr } from "../../../lib/evaluate/metrics/sqnr.ts";
import { parseModel } from "../../../lib/onnx/parse_model.ts";
import type { Recipe } from "../../../lib/record/recipe.ts";
import { requireCanary } from "../../../lib/ship/self_test.js";
import { runStudy } from "../../../lib/task/run_study.ts";
import { float32 } from "../../../lib/tensor/tensor.ts";
import { pacedRuntime, tinyArrays, tinyData, tinyModel } from "../../task/tiny.ts";
import { inTempFolder } from "../../temp_folder.ts";
import { run } from "./spawn.ts";

/** Writes a study of one recipe, which wins if it is fast. */
async function writeStudy(
  out: string,
  { wins, command }: { wins: boolean; command?: string },
): Promise<void> {
  const recipe: Recipe = { kind: "configuration", base: "fused", placement: "compact" };
  const open = [recipe];
  await runStudy(tinyModel(), tinyData(), {
    ask: () => open.splice(0).map((recipe) => ({ recipe, why: "it is the only one" })),
    tell: () => {},
  }, {
    ...{ metric: sqnr(), maxDrop: 140, rounds: 6, out, command },
    runtime: pacedRuntime((model) => model.bytes().length ** (wins ? 1 : -1)),
  });
}

Deno.test("canary writes what a page needs to test the winner of a study, and checks it here", () =>
  inTempFolder(async (folder) => {
    const at = (name: string) => join(folder, name);
    const data = at("my data.npz");
    await writeStudy(at("study"), {
      wins: true,
      command: `octavo sweep tiny.onnx --data '${data}'`,
    });
    await writeNpz(data, { x: float32([3, 2], new Float32Array(6)) });
    const changed = await run("canary", at("study"), "--out", at("canary.json"));
    assert.match(changed.stderr, /Cannot use my data\.npz: .*\nThe canary holds made-up samples/);
    await writeNpz(data, { x: float32([1, 20, 3, 12, 12], new Float32Array(8640)) });
    const large = await run("canary", at("study"), "--out", at("canary.json"));
    assert.match(large.stderr, /Samples of .*my data\.npz are too large for a canary/);
    assert.match(large.stdout, /4 samples made up/);
    await writeNpz(data, { x: tinyArrays(3).x });
    const own = await run("canary", at("study"), "--out", at("canary.json"));
    assert.match(own.stdout, /canary\.json: 3 samples of .*my data\.npz/, own.stderr);
    await Deno.remove(data);

    const { code, stdout, stderr } = await run("canary", at("study"), "--out", at("canary.json"));
    assert.equal(code, 0, stderr);
    assert.match(stdout, /canary\.json: 4 samples made up, [\d,]+ bytes\nWrote .*self_test\.js\n/);
    assert.match(stdout, /fetch\("\/canary\.json"\)/);
    const canary = JSON.parse(await Deno.readTextFile(at("canary.json")));
    requireCanary(canary);
    assert.equal(canary.model.name, "best.onnx");
    const { selfTest } = await import(`file://${at("self_test.js")}`);
    assert.equal(typeof selfTest, "function");

    const check = (model: string) => run("canary", at(model), "--check", at("canary.json"));
    const green = await check("study");
    assert.equal(green.code, 0, green.stderr);
    assert.match(
      green.stdout,
      /best\.onnx computes what was measured: best\.onnx gives the same bits/,
    );
    await tinyModel().save(at("tiny.onnx"));
    const red = await check("tiny.onnx");
    assert.equal(red.code, 1);
    assert.match(
      red.stderr,
      /tiny\.onnx (does not compute|nearly computes) what was measured\. 4 of 4/,
    );
    assert.match(red.stderr, /The file is not best\.onnx: it has other bytes\.\n$/);

    await tinyModel().save(at("study/best.onnx"));
    const other = await run("canary", at("study"), "--out", at("canary.json"));
    assert.match(other.stderr, /best\.onnx is not the file that was measured; run the study's/);
    assert.equal(other.code, 1);
  }));

Deno.test("canary says what it cannot use, a sentence each", () =>
  inTempFolder(async (folder) => {
    const at = (name: string) => join(folder, name);
    const says = async (code: number, pattern: RegExp, ...args: string[]) => {
      const ended = await run("canary", ...args);
      assert.match(ended.stderr, pattern);
      assert.equal(ended.code, code, args.join(" "));
    };
    const tiny = at("tiny.onnx");
    await tinyModel().save(tiny);
    const out = ["--out", at("canary.json")];
    await says(2, /--binary is one of plain, jsep/, tiny, "--binary", "simd", ...out);
    await says(2, /Missing --out: name the file to write/, tiny);
    await says(2, /brings its own samples/, tiny, "--check", "a.json", ...out);
    await says(
      2,
      /leave out --shape, or --data/,
      tiny,
      "--data",
      "a.npz",
      "--shape",
      "x=1",
      ...out,
    );
    await writeStudy(at("lost"), { wins: false });
    await says(
      1,
      /the study has no winner; run it to its end, or name a model's file/,
      at("lost"),
      ...out,
    );
    await parseModel("input x float32[N, M]; output y float32[N, M]; y = Relu(x)").save(
      at("wide.onnx"),
    );
    await says(2, /give --shape x=1,…/, at("wide.onnx"), ...out);
    await writeNpz(at("wide.npz"), { x: float32([2, 7000], new Float32Array(14000)) });
    const wide = ["--data", at("wide.npz"), ...out];
    await says(1, /takes 28000 bytes, and a canary holds 24576/, at("wide.onnx"), ...wide);

    await writeNpz(at("data.npz"), { x: tinyArrays(2).x });
    assert.equal((await run("canary", tiny, "--data", at("data.npz"), ...out)).code, 0);
    const text = await Deno.readTextFile(at("canary.json"));
    const checks = async (text: string, pattern: RegExp, model = tiny) => {
      await Deno.writeTextFile(at("other.json"), text);
      await says(1, pattern, model, "--check", at("other.json"));
    };
    await checks(text.slice(0, -9), /Cannot read .*other\.json: it is damaged /);
    await checks("{}", /Cannot use .*other\.json: This is no canary: expected what/);
    await checks(
      text.replace('"dims":[1,4]', '"dims":[1,5]'),
      /The canary is damaged: .* write it again/,
    );
    await checks(text, /wide\.onnx does not compute .*: its outputs are "y"/, at("wide.onnx"));
  }));
