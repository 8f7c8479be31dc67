import assert from "node:assert/strict";
import { readModules } from "./modules.ts";
import { readText } from "./tree.ts";

/** Rows of the README's diagram of `lib/`, from above: names of folders, with a slash, and of files. */
async function diagramRows(): Promise<string[][]> {
  const readme = await readText("README.md");
  const [, diagram] = readme.match(/^```text\n(.*?)^```/ms) ?? [];
  assert.ok(diagram, "the README has no diagram");
  return diagram.trim().split("\n").map((line) =>
    line.match(/(?<!\S)[a-z_]+(\/|\.ts)(?!\S)/g) ?? []
  );
}

/** `lib/onnx/model.ts` is in `onnx/`, `lib/errors.ts` is `errors.ts`. */
function placeOf(path: string): string {
  const [, place] = path.match(/^lib\/([^/]+\/?)/) ?? [];
  return place!;
}

Deno.test("the README's diagram shows all of lib/, and nothing else, once", async () => {
  const modules = await readModules();
  const places = new Set(
    modules.filter(({ path }) => path.startsWith("lib/")).map(({ path }) => placeOf(path)),
  );
  assert.deepEqual((await diagramRows()).flat().sort(), [...places].sort());
});

Deno.test("every import in lib/ goes down in the README's diagram", async () => {
  const rows = await diagramRows();
  const rowOf = (path: string) => rows.findIndex((places) => places.includes(placeOf(path)));
  const upward: string[] = [];
  for (const { path, files } of await readModules()) {
    if (!path.startsWith("lib/")) continue;
    for (const to of files.filter((file) => file.startsWith("lib/"))) {
      if (placeOf(to) !== placeOf(path) && rowOf(to) <= rowOf(path)) {
        upward.push(`${path} -> ${to}`);
      }
    }
  }
  assert.deepEqual(upward, []);
});

Deno.test("the README's diagram is at most twenty lines", async () => {
  assert.ok((await diagramRows()).length <= 20);
});
