import assert from "node:assert/strict";
import { type CellFailure, executeNotebook } from "../notebooks/execute.ts";
import { parseNotebook } from "../notebooks/notebook.ts";
import { checkTypes } from "../notebooks/types.ts";
import { answerOfPage, findChromium } from "./browser.ts";
import { writeCore } from "./core.ts";
import type { Installation } from "./installation.ts";
import { pageOfCore } from "./page_of_core.ts";
import { outputsShown } from "./page_of_model.ts";
import type { Place } from "./place.ts";
import { libraryExample } from "./readme.ts";
import { transformersInPage } from "./transformers.ts";

/** What is tried; gives a reason where it cannot be tried here, and throws where it fails. */
export type Step = (installation: Installation) => Promise<string | void>;

/** All that is tried once the package is installed, by what it shows. */
export const STEPS: readonly (readonly [name: string, step: Step])[] = [
  ["npx octavo --version", version],
  ["npx octavo search, on a network of one's own", search],
  ["the README's library example, in Deno, with its types", libraryInDeno],
  ["octavo/quantize in Node makes the files that it makes in Deno", coreInNode],
  ["octavo/quantize in a page makes the files that it makes in Deno", coreInPage],
  ["npx octavo init, and its notebook on the real kernel", notebook],
  ["the notebook of npx octavo init says what it lacks", notebookAlone],
  ["npx octavo init --page, and Chromium's outputs are Deno's to the bit", modelInPage],
  [
    "npx octavo quantize FOLDER, and @huggingface/transformers runs both forms to the bit",
    transformersInPage,
  ],
  ["npx octavo canary, and octavo/self-test is green in Node", canaryInNode],
  ["what is missing from an installation is said", damaged],
];

async function version({ place, version }: Installation): Promise<void> {
  assert.equal(await place.run("npx", "octavo", "--version"), `octavo ${version}\n`);
}

async function search({ place }: Installation): Promise<void> {
  const limits = ["--max-drop", "10", "--minutes", "1", "--cold-rounds", "1"];
  await place.run("npx", "octavo", "search", "model.onnx", "--data", "samples.npz", ...limits);
  const { size } = await Deno.stat(place.path("studies", "model-search", "best.onnx"));
  assert.ok(size > 0);
}

async function libraryInDeno({ place, readme }: Installation): Promise<void> {
  await place.write("main.ts", libraryExample(readme));
  await place.write(
    "wrong.ts",
    `import { readModel } from "octavo";\nconst n: number = readModel;\n`,
  );
  await place.run("npx", "deno", "check", "main.ts");
  const { code, said } = await place.end("npx", "deno", "check", "wrong.ts");
  assert.ok(code !== 0 && said.includes("TS2322"), `the types of octavo are not known: ${said}`);
  await place.run("npx", "deno", "run", "-A", "main.ts");
}

async function coreInNode(installation: Installation): Promise<void> {
  const { place } = installation;
  const expected = await writeCore(installation);
  await place.write(
    "node.mjs",
    `import { readFileSync } from "node:fs";
    import { int8Files } from "./core.mjs";
    process.stdout.write(int8Files(readFileSync("cases.json", "utf8")));`,
  );
  assert.equal(await place.run("node", "node.mjs"), expected);
}

async function coreInPage(installation: Installation): Promise<string | void> {
  const { place } = installation;
  const chromium = await findChromium();
  if (chromium === undefined) return "there is no Chromium here";
  const expected = await writeCore(installation);
  await place.write("page.html", await pageOfCore(place));
  assert.equal(await answerOfPage(chromium, place.folder, "page.html"), expected);
}

async function notebook({ place }: Installation): Promise<void> {
  const subject = ["--model", "model.onnx", "--data", "samples.npz"];
  await place.run("npx", "octavo", "init", "work", ...subject);
  const failure = await failureOfNotebook(place, "work");
  if (failure) throw new Error(`cell ${failure.cell}: ${failure.reason}`);
}

async function notebookAlone({ place }: Installation): Promise<void> {
  await place.run("npx", "octavo", "init", "empty");
  const failure = await failureOfNotebook(place, "empty");
  assert.match(failure?.reason ?? "it ran", /There is no model\.onnx yet: put it there, or name/);
}

/** What goes wrong in the first notebook of a folder, where its types are right. */
async function failureOfNotebook(place: Place, folder: string): Promise<CellFailure | undefined> {
  const path = place.path(folder, "first.ipynb");
  const notebook = parseNotebook(await Deno.readTextFile(path), path);
  assert.equal(await checkTypes(path, notebook), undefined);
  return (await executeNotebook(notebook, place.path(folder))).failure;
}

async function modelInPage({ place }: Installation): Promise<string | void> {
  const best = "studies/model-search/best.onnx"; // of the search before
  await place.run("npx", "octavo", "init", "page", "--page", best, "--data", "samples.npz");
  const chromium = await findChromium();
  if (chromium === undefined) return "there is no Chromium here";
  const folder = place.path("page");
  const same = ["true", "true", "true"];
  const shown = (isolated: boolean) => outputsShown(chromium, folder, { isolated });
  assert.deepEqual(await shown(false), { threads: "1", same });
  assert.deepEqual(await shown(true), { threads: "2", same });
}

async function canaryInNode({ place }: Installation): Promise<void> {
  const study = "studies/model-search"; // of the search before
  await place.run("npx", "octavo", "canary", study, "--out", "canary.json");
  await place.write(
    "canary.mjs",
    `import { readFileSync } from "node:fs";
    import * as ort from "onnxruntime-web";
    import { selfTest } from "octavo/self-test";
    const model = readFileSync("${study}/best.onnx");
    const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
    const canary = JSON.parse(readFileSync("canary.json", "utf8"));
    console.log((await selfTest(session, canary, { ort, model })).text);
    process.exit(0);`,
  );
  assert.match(await place.run("node", "canary.mjs"), /^This page computes what was measured: /);
}

async function damaged({ place }: Installation): Promise<void> {
  const says = async (...words: string[]) => {
    const { code, said } = await place.end("npx", "octavo", "--version");
    assert.equal(code, 1);
    for (const word of words) assert.ok(said.includes(word), `"${word}" is missing from: ${said}`);
    assert.equal(said.trim().split("\n").length, 1, said);
  };
  const modules = place.path("node_modules");
  await Deno.remove(`${modules}/deno`, { recursive: true });
  await Deno.remove(`${modules}/@deno`, { recursive: true });
  await says("Deno, on which it runs, was not installed");
  await Deno.truncate(`${modules}/octavo/lib/errors.js`, 100);
  await says("is damaged: lib/errors.js");
}
