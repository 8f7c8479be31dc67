import assert from "node:assert/strict";
import { makePackage, tarballOf } from "../../../scripts/pack/package.ts";
import type { Project } from "../../../scripts/pack/project.ts";
import { type Files, readTar } from "../../../scripts/pack/tar.ts";

/** A project of one module, a worker, a module of plain JavaScript, a file to be read, and a command. */
const project: Project = {
  version: "1.2.3",
  license: "MIT",
  exports: { ".": "./mod.ts", "./plain": "./lib/plain.js" },
  imports: { octavo: "./mod.ts" },
};

const sources = {
  "mod.ts": `
import project from "./deno.json" with { type: "json" };
export const version: string = project.version;
export function start(): Worker {
  return new Worker(new URL("./lib/worker.ts", import.meta.url), { type: "module" });
}`,
  "lib/worker.ts": `import { once } from "./once.ts"; once();`,
  "lib/once.ts": `/** Once. */ export function once(): void {}`,
  "lib/plain.js": '// @ts-self-types="./plain.d.ts"\nexport const plain = 1;',
  "lib/plain.d.ts": "/** Plain. */ export declare const plain: number;",
  "lib/page.css": "p {}",
  "scripts/cli/bin/octavo.js": `import { version } from "../../../mod.js"; console.log(version);`,
};

function filesOf(texts: Record<string, string>): Files {
  return new Map(
    Object.entries(texts).map(([path, text]) => [path, new TextEncoder().encode(text)]),
  );
}

Deno.test("makePackage() compiles modules and workers, and brings every other file as it is", async () => {
  const { files } = await makePackage(project, filesOf(sources));
  assert.deepEqual([...files.keys()].sort(), [
    "contents.json",
    "lib/once.js",
    "lib/page.css",
    "lib/plain.d.ts",
    "lib/plain.js",
    "lib/worker.d.ts",
    "lib/worker.js",
    "mod.d.ts",
    "mod.js",
    "package.json",
    "scripts/cli/bin/octavo.js",
  ]);
  const text = (path: string) => new TextDecoder().decode(files.get(path));
  assert.match(text("mod.js"), /from "\.\/package\.json" with/);
  assert.match(text("mod.js"), /new URL\("\.\/lib\/worker\.js", import\.meta\.url\)/);
  assert.match(text("mod.d.ts"), /export declare function start\(\): Worker;/);
  assert.equal(text("lib/plain.js"), sources["lib/plain.js"]);
  assert.equal(JSON.parse(text("contents.json"))["lib/page.css"], "p {}".length);
});

Deno.test("makePackage() refuses a file in the place of a compiled module", async () => {
  const files = filesOf({ "mod.ts": "export const one = 1;", "mod.js": "two();" });
  await assert.rejects(makePackage(project, files), {
    message: "Cannot pack: mod.js is also what a module is compiled to; rename one",
  });
});

Deno.test("tarballOf() gives the same bytes for the same files, in the folder that npm expects", async () => {
  const [one, other] = [{ a: "1", b: "2" }, { b: "2", a: "1" }].map((texts) => ({
    files: filesOf(texts),
    manifest: { bin: {} } as never,
  }));
  const bytes = await tarballOf(one!);
  assert.deepEqual(await tarballOf(other!), bytes);
  const tar = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const files = readTar(await new Response(tar).bytes());
  assert.deepEqual([...files.keys()], ["package/a", "package/b"]);
});
