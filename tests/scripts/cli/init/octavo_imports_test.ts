import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { octavoCommand, octavoImports } from "../../../../scripts/cli/init/octavo_imports.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

Deno.test("octavoImports() leads from a folder to the entries of this clone", () => {
  const { imports, nodeModulesDir } = octavoImports(join(ROOT, "..", "speech"));
  const name = ROOT.split("/").at(-2);
  assert.equal(imports.octavo, `../${name}/mod.ts`);
  assert.equal(imports["octavo/notebook"], `../${name}/lib/entry/notebook.ts`);
  assert.equal(nodeModulesDir, undefined);
  assert.ok(!("octavo/cli" in imports), "the command is nothing to import");
});

Deno.test("octavoImports() has Deno look into node_modules where Octavo lies there", () => {
  const resolve = (entry: string) => `file:///p/node_modules/octavo/${entry}.js`;
  const { imports, nodeModulesDir, compilerOptions } = octavoImports("/p/speech", resolve);
  assert.equal(imports.octavo, "../node_modules/octavo/octavo.js");
  assert.equal(nodeModulesDir, "manual");
  assert.equal(compilerOptions, undefined);
});

Deno.test("octavoImports() names an inner folder as one, and leaves addresses of the net", () => {
  assert.equal(octavoImports("/p", () => "file:///p/o/mod.ts").imports.octavo, "./o/mod.ts");
  assert.equal(octavoImports("/p", () => "https://a/mod.ts").imports.octavo, "https://a/mod.ts");
});

Deno.test("octavoImports() says that nothing can import a compiled program", () => {
  const resolve = () => "file:///p/deno-compile-octavo/mod.ts";
  assert.throws(() => octavoImports("/p", resolve, true), /run init of a clone or of the npm/);
});

Deno.test("octavoCommand() asks npx only where it finds the package, lest it fetch another", () => {
  const octavo = new URL("file:///p/node_modules/octavo/");
  assert.equal(octavoCommand("/p", octavo), "npx octavo");
  assert.equal(octavoCommand("/p/a/b", octavo), "npx octavo");
  assert.equal(octavoCommand("/q", octavo), "../p/node_modules/.bin/octavo");
  assert.equal(
    octavoCommand("/p/speech", new URL("file:///p/octavo/")),
    "deno task --config ../octavo/deno.json",
  );
});
