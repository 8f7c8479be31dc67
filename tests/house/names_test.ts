import assert from "node:assert/strict";
import { basename } from "node:path";
import { countNames, namesOf, resolveImport } from "./source.ts";
import { readText, ROOT, topLevelFiles, typescriptFiles } from "./tree.ts";

/** Names that two files of lib/ may export, and why. */
const TWICE: Readonly<Record<string, string>> = {
  float32:
    "a tensor of float32 values, and the form that computes in float32: both are called that",
};

/** Written by a generator, which exports all there is. */
const GENERATED = "lib/onnx/onnx_pb.ts";

/** What users import: its names are passed on to them, and `face_test.ts` says who needs them. */
const ENTRIES = "lib/entry/";

const lib = await typescriptFiles("lib/");

Deno.test("namesOf() tells what a text exports and imports", () => {
  const { exports, imports } = namesOf(`
    import a, { b as c, type D } from "./a.ts";
    import * as e from "e";
    export { f as g } from "./f.ts";
    export type { H } from "./h.ts";
    export * from "./i.ts";
    new Worker(new URL("./w.ts", import.meta.url));
    export const j = 1, { k, l: m } = await import("./k.ts");
    export function n(x: string): void;
    export function n(x: unknown): void {}
    export class O {}
    export interface P {}
    export type { Q };
  `);
  assert.deepEqual(imports.map(({ from, name }) => `${name} of ${from}`), [
    "default of ./a.ts",
    "b of ./a.ts",
    "D of ./a.ts",
    "* of e",
    "f of ./f.ts",
    "H of ./h.ts",
    "* of ./i.ts",
    "* of ./w.ts",
    "* of ./k.ts",
  ]);
  assert.deepEqual(
    exports.map(({ name, kind, passedOn }) => `${kind} ${name}${passedOn ? ", passed on" : ""}`),
    [
      "value g, passed on",
      "type H, passed on",
      "value j",
      "value k",
      "value m",
      "value n",
      "value O",
      "type P",
      "type Q",
    ],
  );
});

Deno.test("countNames() counts a function once where nothing uses it", () => {
  const counts = countNames("/** a b */ export function a(x: number) { return b(b); }");
  assert.deepEqual(Object.fromEntries(counts), { a: 1, x: 1, b: 2 });
});

Deno.test("no two files of lib/ have one name", () => {
  const files = Map.groupBy(lib, (path) => basename(path));
  assert.deepEqual([...files.values()].filter(({ length }) => length > 1), []);
});

Deno.test("no two files of lib/ export one name", async () => {
  const files = new Map<string, Set<string>>();
  for (const path of lib) {
    for (const { name, passedOn } of (await namesIn(path)).exports) {
      if (!passedOn) files.set(name, (files.get(name) ?? new Set()).add(path));
    }
  }
  const twice = [...files].filter(([, { size }]) => size > 1);
  assert.deepEqual(
    twice.filter(([name]) => !(name in TWICE)).map(([name, at]) =>
      `${name}: ${[...at].join(", ")}`
    ),
    [],
  );
  assert.deepEqual(Object.keys(TWICE).filter((name) => (files.get(name)?.size ?? 0) < 2), []);
});

Deno.test("whatever value a file of lib/ exports, another file imports", async () => {
  const importers = await typescriptFiles("lib/", "scripts/", "tests/");
  const used = await importedBy([...importers, ...await topLevelFiles()]);
  assert.deepEqual((await values()).filter(({ id }) => !used.has(id)).map(({ id }) => id), []);
});

Deno.test("no value of lib/ is there for tests alone", async () => {
  const importers = await typescriptFiles("lib/", "scripts/");
  const used = await importedBy([...importers, ...await topLevelFiles()]);
  const dead = (await values()).filter(({ id, uses }) => !used.has(id) && uses < 2);
  assert.deepEqual(dead.map(({ id }) => id), []);
});

const names = new Map<string, Promise<ReturnType<typeof namesOf>>>();

/** What a file exports and imports; parsed once for all tests. */
function namesIn(path: string): Promise<ReturnType<typeof namesOf>> {
  const known = names.get(path) ?? readText(path).then(namesOf);
  names.set(path, known);
  return known;
}

/** A value that a file of lib/ exports. */
interface Value {
  readonly id: string;
  /** How often its name stands in its own file. */
  readonly uses: number;
}

let exported: Promise<Value[]> | undefined;

/** The values that files of lib/ export; found once for all tests. */
function values(): Promise<Value[]> {
  return exported ??= findValues();
}

async function findValues(): Promise<Value[]> {
  const found = await Promise.all(
    lib.filter((path) => path !== GENERATED && !path.startsWith(ENTRIES)).map(async (path) => {
      const counts = countNames(await readText(path));
      return (await namesIn(path)).exports.filter(({ kind }) => kind === "value")
        .map(({ name, passedOn }) => ({
          id: `${path} ${name}`,
          uses: passedOn ? 0 : counts.get(name)!,
        }));
    }),
  );
  return found.flat();
}

/** What files and notebooks import, by the path that it comes from and its name. */
async function importedBy(paths: readonly string[]): Promise<Set<string>> {
  const used = new Set<string>();
  const use = (path: string, { imports }: ReturnType<typeof namesOf>) => {
    for (const { from, name } of imports) {
      used.add(`${resolveImport(path, from)} ${name}`);
    }
  };
  for (const path of paths) use(path, await namesIn(path));
  for await (const { name } of Deno.readDir(new URL("notebooks", ROOT))) {
    for (const cell of await cellsOf(`notebooks/${name}`)) use(`notebooks/${name}`, namesOf(cell));
  }
  // What a file is imported for as a whole, all of it is.
  for (const { id } of await values()) {
    if (used.has(`${id.split(" ")[0]} *`)) used.add(id);
  }
  return used;
}

/** Code of a notebook's cells. */
async function cellsOf(path: string): Promise<string[]> {
  if (!path.endsWith(".ipynb")) return [];
  const { cells }: { cells: { cell_type: string; source: string[] }[] } = JSON.parse(
    await readText(path),
  );
  return cells.filter(({ cell_type }) => cell_type === "code").map(({ source }) => source.join(""));
}
