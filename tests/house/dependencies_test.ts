import assert from "node:assert/strict";
import { findCycle, loadedBy, type Module, readModules } from "./modules.ts";

/**
 * Folders and single files of `lib/` from the ground up, types included. What stands in a row imports
 * rows below it, and nothing of its own row but itself.
 */
const ROWS = [
  ["errors.ts", "look_up.ts", "permitted.ts", "random.ts", "record", "visible.ts"],
  ["display.ts", "environment.ts", "system_errors.ts"],
  ["command_name.ts", "file_format.ts", "user_file.ts", "whole_file.ts"],
  ["tensor", "ship"],
  ["onnx", "report"],
  ["data"],
  ["runtime"],
  ["passes", "calibrate"],
  ["quantize"],
  ["evaluate"],
  ["profile", "replay"],
  ["cost"],
  ["config"],
  ["study"],
  ["strategy"],
  ["task"],
  ["entry"],
];

let modules: readonly Module[] = [];

Deno.test.beforeAll(async () => {
  modules = await readModules();
});

Deno.test("findCycle() shows the way around, and passes a diamond", () => {
  const diamond = new Map([["a", ["b", "c"]], ["b", ["d"]], ["c", ["d"]], ["d", []]]);
  assert.equal(findCycle(diamond), undefined);
  assert.deepEqual(findCycle(new Map([["a", ["b"]], ["b", ["c"]], ["c", ["b"]]])), ["b", "c", "b"]);
});

Deno.test("no module imports itself through others", () => {
  const cycle = findCycle(new Map(modules.map(({ path, files }) => [path, files])));
  assert.equal(cycle, undefined, cycle?.join(" -> "));
});

Deno.test("no two folders of lib/ import each other", () => {
  const imports = Map.groupBy(edges(), ({ from }) => placeOf(from));
  const cycle = findCycle(
    new Map([...imports].map(([place, own]) => [place, own.map(({ to }) => placeOf(to))])),
  );
  assert.equal(cycle, undefined, cycle?.join(" -> "));
});

Deno.test("every folder and file of lib/ has its place, and every place is taken", () => {
  const places = modules.map(({ path }) => path).filter((path) => path.startsWith("lib/"));
  assert.deepEqual([...new Set(places.map(placeOf))].sort(), ROWS.flat().sort());
});

Deno.test("all of lib/ imports only what stands below it", () => {
  const row = (path: string) => ROWS.findIndex((names) => names.includes(placeOf(path)));
  const upwards = edges().filter(({ from, to }) => row(to) >= row(from));
  assert.deepEqual(upwards.map(describe), []);
});

Deno.test("lib/record imports nothing of the project", () => {
  const outside = edges().filter(({ from }) => placeOf(from) === "record");
  assert.deepEqual(outside.map(describe), []);
});

Deno.test("lib/report knows nothing but records, how models are served, and the single files of lib/", () => {
  const known = ["record", "ship"];
  const others = edges().filter(({ from, to }) =>
    placeOf(from) === "report" && !known.includes(placeOf(to)) && !placeOf(to).endsWith(".ts")
  );
  assert.deepEqual(others.map(describe), []);
});

Deno.test("loadedBy() follows what is loaded at once, and stops at what is loaded later", () => {
  const module = (path: string, ...loads: string[]) => ({ path, files: [], packages: [], loads });
  const modules = [
    module("a.ts", "b.ts", "zod"),
    module("b.ts", "node:os"),
    module("c.ts", "plot"),
  ];
  assert.deepEqual(loadedBy("a.ts", modules), ["node:os", "zod"]);
});

Deno.test("octavo/quantize loads nothing that a page does not have", () => {
  assert.deepEqual(loadedBy("lib/entry/quantize.ts", modules), ["@bufbuild/protobuf"]);
});

Deno.test("octavo loads no charts, no databases and no readers of archives before they are asked for", () => {
  const packages = loadedBy("mod.ts", modules).filter((name) => !name.startsWith("node:"));
  assert.deepEqual(packages, ["@bufbuild/protobuf"]);
});

Deno.test("no command loads a tokenizer before there are texts", () => {
  const loading = modules
    .filter(({ path }) => path.startsWith("scripts/cli/"))
    .filter(({ path }) => loadedBy(path, modules).includes("@huggingface/tokenizers"));
  assert.deepEqual(loading.map(({ path }) => path), []);
  assert.ok(loadedBy("lib/data/text/tokenizer.ts", modules).includes("@huggingface/tokenizers"));
});

Deno.test("only lib/runtime imports onnxruntime-web", () => {
  const importers = modules.filter(({ packages }) => packages.includes("onnxruntime-web"));
  assert.deepEqual(
    importers.map(({ path }) => path).filter((path) => placeOf(path) !== "runtime"),
    [],
  );
  assert.ok(
    importers.length > 0,
    "nobody imports onnxruntime-web: does the test read the imports?",
  );
});

Deno.test("nobody but openRuntime() knows that there is a runtime for Deno", () => {
  const folder = "lib/runtime/deno/";
  const importers = modules.filter(({ path, files }) =>
    !path.startsWith(folder) && files.some((file) => file.startsWith(folder))
  );
  assert.deepEqual(importers.map(({ path }) => path), ["lib/runtime/open_runtime.ts"]);
});

Deno.test("the commands import lib/ and each other's files, and nothing else of scripts or tests", () => {
  const outside = modules
    .filter(({ path }) => path.startsWith("scripts/cli/"))
    .flatMap(({ path, files }) => files.map((to) => ({ from: path, to })))
    .filter(({ to }) => !/^(lib|scripts\/cli)\//.test(to) && to !== "deno.json");
  assert.deepEqual(outside.map(describe), []);
});

Deno.test("nothing in lib/ imports commands, scripts, tests, notebooks or what the project exports", () => {
  const outside = modules
    .filter(({ path }) => path.startsWith("lib/"))
    .flatMap(({ path, files }) => files.map((to) => ({ from: path, to })))
    .filter(({ to }) => !to.startsWith("lib/") && to !== "deno.json");
  assert.deepEqual(outside.map(describe), []);
});

/** Imports from one place of `lib/` of another. */
function edges(): { from: string; to: string }[] {
  return modules
    .filter(({ path }) => path.startsWith("lib/"))
    .flatMap(({ path, files }) => files.map((to) => ({ from: path, to })))
    .filter(({ from, to }) => to.startsWith("lib/") && placeOf(to) !== placeOf(from));
}

/** `lib/onnx/model.ts` stands in `onnx`, `lib/errors.ts` for itself. */
function placeOf(path: string): string {
  return path.split("/")[1]!;
}

function describe({ from, to }: { from: string; to: string }): string {
  return `${from} imports ${to}`;
}
