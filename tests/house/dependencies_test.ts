import assert from "node:assert/strict";
import { findCycle, type Module, readModules } from "./modules.ts";

/**
 * Folders of `lib/` from the ground up. One imports what stands below it, and may import a neighbour
 * of its own row as long as that one does not import it back.
 */
const ROWS = [
  ["tensor"],
  ["onnx"],
  ["runtime", "data"],
  ["passes", "calibrate", "quantize", "evaluate"],
  ["cost"],
  ["ablation", "study"],
  ["search"],
];

/** What anyone may import: they know nothing of the rest. */
const LEAVES = [
  "lib/errors.ts",
  "lib/display.ts",
  "lib/study/drop.ts",
  "lib/study/records.ts",
  "lib/study/ablation_record.ts",
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
  const imports = new Map<string, string[]>();
  for (const { from, to } of edges()) {
    if (folder(from) !== folder(to)) {
      imports.set(folder(from), [...imports.get(folder(from)) ?? [], folder(to)]);
    }
  }
  const cycle = findCycle(imports);
  assert.equal(cycle, undefined, cycle?.join(" -> "));
});

Deno.test("every folder of lib/ has its place", () => {
  const placed = new Set([...ROWS.flat(), "report"]);
  const folders = modules.map(({ path }) => path).filter((path) => /^lib\/.+\//.test(path));
  assert.deepEqual([...new Set(folders.map(folder))].filter((name) => !placed.has(name)), []);
});

Deno.test("the folders of lib/ import only what stands below them", () => {
  const row = (path: string) => ROWS.findIndex((names) => names.includes(folder(path)));
  const upwards = edges().filter(({ from, to }) => row(from) >= 0 && row(to) > row(from));
  assert.deepEqual(upwards.map(describe), []);
});

Deno.test("lib/tensor and the leaves import no file outside of their folder", () => {
  const outside = edges().filter(({ from, to }) =>
    LEAVES.includes(from) || folder(from) === "tensor" && folder(to) !== "tensor"
  );
  assert.deepEqual(outside.map(describe), []);
});

Deno.test("lib/report knows nothing but the records of a study and what they are judged by", () => {
  const others = edges().filter(({ from, to }) =>
    folder(from) === "report" && folder(to) !== "report"
  );
  assert.deepEqual(others.map(describe), []);
});

Deno.test("only lib/runtime imports onnxruntime-web", () => {
  const importers = modules.filter(({ packages }) => packages.includes("onnxruntime-web"));
  assert.deepEqual(importers.map(({ path }) => path).filter((p) => folder(p) !== "runtime"), []);
  assert.ok(
    importers.length > 0,
    "nobody imports onnxruntime-web: does the test read the imports?",
  );
});

Deno.test("nothing in lib/ imports scripts, tests, notebooks or mod.ts", () => {
  const outside = modules
    .filter(({ path }) => path.startsWith("lib/"))
    .flatMap(({ path, files }) => files.map((to) => ({ from: path, to })))
    .filter(({ to }) => !to.startsWith("lib/") && to !== "deno.json");
  assert.deepEqual(outside.map(describe), []);
});

/** Imports from one file of `lib/` of another, the leaves aside. */
function edges(): { from: string; to: string }[] {
  return modules
    .filter(({ path }) => path.startsWith("lib/"))
    .flatMap(({ path, files }) => files.map((to) => ({ from: path, to })))
    .filter(({ to }) => to.startsWith("lib/") && !LEAVES.includes(to));
}

/** `lib/onnx/model.ts` is in `onnx`. */
function folder(path: string): string {
  return path.split("/")[1]!;
}

function describe({ from, to }: { from: string; to: string }): string {
  return `${from} imports ${to}`;
}
