import assert from "node:assert/strict";
import { readModules } from "./modules.ts";
import { countCode, namesOf, resolveImport } from "./source.ts";
import { readText, typescriptFiles } from "./tree.ts";

/** Folders of lib/ whose faults are the hardest to see from outside. */
const RISKY = ["strategy/search", "strategy/ablate", "replay"];

/** Lines of test that one line of these must have, comments aside. */
const LEAST = 0.4;

/** Where all commands are listed, with an import of each: that a test reads the list tests none of them. */
const COMMANDS = "scripts/cli/commands.ts";

Deno.test("countCode() leaves out comments and empty lines", () => {
  assert.equal(countCode('/** a\n * b */\nf("// c"); // d\n\n// e\n  g(/* h */\n);\n'), 3);
});

Deno.test("there is no file of lib/ that no test reaches", async () => {
  const modules = await readModules(["lib/", "scripts/", "tests/"]);
  const imports = new Map<string, string[]>();
  for (const { path, files } of modules.filter(({ path }) => /(?<!\.d)\.ts$/.test(path))) {
    const named = namesOf(await readText(path)).imports.map(({ from }) =>
      resolveImport(path, from)
    );
    imports.set(path, [...files, ...named.filter((file) => file !== undefined)]); // and Workers
  }
  const reached = new Set<string>();
  const next = [...imports.keys()].filter((path) =>
    path.endsWith("_test.ts") && !path.startsWith("tests/house/")
  );
  for (let path = next.pop(); path !== undefined; path = next.pop()) {
    if (reached.has(path) || path === COMMANDS) continue;
    reached.add(path);
    next.push(...imports.get(path) ?? []);
  }
  const lost = [...imports.keys()].filter((path) => path.startsWith("lib/") && !reached.has(path));
  assert.deepEqual(lost, []);
});

for (const folder of RISKY) {
  Deno.test(`lib/${folder} has at least ${LEAST} lines of test for each of its own`, async () => {
    const [code, tests] = await Promise.all([
      countLines(`lib/${folder}/`),
      countLines(`tests/${folder}/`),
    ]);
    assert.ok(tests >= LEAST * code, `${tests} lines of test for ${code} lines of code`);
  });
}

async function countLines(folder: string): Promise<number> {
  const paths = await typescriptFiles(folder);
  const counts = await Promise.all(paths.map(async (path) => countCode(await readText(path))));
  return counts.reduce((sum, count) => sum + count, 0);
}
