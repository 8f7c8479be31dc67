import assert from "node:assert/strict";
import { codeBlocks, ENTRIES, type Exported, readEntry, tourCode } from "./face.ts";

/**
 * Names that a user of `octavo` has to find their way among, types included. A change that needs more
 * may raise it, and says here why; what only some need belongs into an entry of its own.
 */
const MOST_NAMES = 120;

const entries = new Map<string, readonly Exported[]>();

Deno.test.beforeAll(async () => {
  for (const [entry, path] of Object.entries(ENTRIES)) entries.set(entry, await readEntry(path));
});

Deno.test(`octavo exports at most ${MOST_NAMES} names`, () => {
  const { length } = entries.get("octavo")!;
  assert.ok(length > 50, `${length} names: does the test read them?`);
  assert.ok(length <= MOST_NAMES, `${length} names`);
});

Deno.test("no name is exported by two entries", () => {
  const names = [...entries.values()].flatMap((exported) => exported.map(({ name }) => name));
  assert.deepEqual(names.filter((name, i) => names.indexOf(name) !== i), []);
});

Deno.test("everything that the entries export is documented", () => {
  for (const [entry, exported] of entries) {
    const bare = exported.filter(({ documented }) => !documented);
    assert.deepEqual(bare.map(({ name }) => name), [], entry);
  }
});

Deno.test("everything that the entries export stands in a group that names its entry", () => {
  for (const [entry, exported] of entries) {
    const place = entry.replace(/^octavo\/?/, "");
    const belongs = new RegExp(place === "" ? "^[^(]+$" : `^[^(]+ \\(${place}\\)$`);
    const lost = exported.filter(({ category = "" }) => !belongs.test(category));
    assert.deepEqual(lost.map(({ name, category }) => `${name}: ${category}`), [], entry);
  }
});

Deno.test("what the entries export is documented without links to what they do not", () => {
  const exported = [...entries.values()].flat();
  const names = new Set(exported.map(({ name }) => name));
  const dead = exported.flatMap(({ name, links }) =>
    [...links].filter((to) => !names.has(to.split(".")[0]!)).map((to) => `${name}: ${to}`)
  );
  assert.deepEqual(dead, []);
});

Deno.test("everything that the entries export is used by code that runs", async () => {
  const exported = [...entries.values()].flat();
  const examples = exported.flatMap(({ examples }) => examples);
  const code = [...await tourCode(), ...examples.filter((text) => /from "octavo/.test(text))];
  const unused = unusedNames(exported, code.join("\n"));
  assert.deepEqual(
    unused,
    [],
    "give these an example in the README, a notebook or their doc comment",
  );
});

Deno.test("unusedNames() follows types from functions that are used, and only from these", () => {
  const some = {
    ...{ isCalled: false, documented: true, category: "Some" },
    ...{ examples: [], links: new Set<string>(), mentions: new Set<string>() },
  };
  const exported: Exported[] = [
    { ...some, name: "run", isCalled: true, mentions: new Set(["Options"]) },
    { ...some, name: "Options", mentions: new Set(["Mode"]) },
    { ...some, name: "Mode" },
    { ...some, name: "idle", isCalled: true, mentions: new Set(["Idle"]) },
    { ...some, name: "Idle" },
    { ...some, name: "shown", isCalled: true, examples: ["shown();"] },
    { ...some, name: "helper", isCalled: true }, // that `run` mentions it would not be enough
  ];
  assert.deepEqual(unusedNames(exported, "run(runner); // idle"), ["idle", "Idle", "helper"]);
});

Deno.test("codeBlocks() takes the blocks that run", () => {
  assert.deepEqual(codeBlocks("a\n```ts\nb();\n```\n```ts ignore\nc();\n```\n"), ["b();\n"]);
});

/**
 * Names that no code uses: neither that of the tour nor their own examples. A class or a type is used
 * as well where something that is used takes it or gives it.
 */
function unusedNames(exported: readonly Exported[], code: string): string[] {
  const words = new Set(code.replaceAll(/\/\/.*$/gm, "").match(/\w+/g)); // comments use nothing
  const isUsed = ({ name, examples }: Exported) =>
    words.has(name) || examples.some((text) => new RegExp(`\\b${name}\\b`).test(text));
  const used = new Set(exported.filter(isUsed));
  for (const { mentions } of used) { // grows as we go
    for (const other of exported) if (!other.isCalled && mentions.has(other.name)) used.add(other);
  }
  return exported.filter((one) => !used.has(one)).map(({ name }) => name);
}
