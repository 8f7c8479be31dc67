import assert from "node:assert/strict";
import { readText } from "./tree.ts";

interface Config {
  readonly imports: Readonly<Record<string, string>>;
  readonly tasks: Readonly<Record<string, { readonly description?: string }>>;
}

const config: Config = JSON.parse(await readText("deno.json"));

Deno.test("every dependency has one exact version", () => {
  const loose = Object.entries(config.imports)
    .filter(([, target]) => !target.startsWith("./"))
    .filter(([, target]) =>
      !/^npm:\/?(@[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+(-[\w.]+)?(\/|$)/.test(target)
    );
  assert.deepEqual(loose, []);
});

Deno.test("a package has the same version wherever the import map names it", () => {
  const versions = new Map<string, Set<string>>();
  for (const target of Object.values(config.imports)) {
    const [, name, version] = target.match(/^npm:\/?((?:@[^/]+\/)?[^@/]+)@([^/]+)/) ?? [];
    if (name && version) versions.set(name, (versions.get(name) ?? new Set()).add(version));
  }
  // The newest release of deno-std has no testing/snapshot, the last that has it is older.
  versions.delete("deno-std");
  assert.deepEqual([...versions].filter(([, found]) => found.size > 1), []);
});

Deno.test("every task says what it does", () => {
  const silent = Object.entries(config.tasks).filter(([, { description }]) => !description);
  assert.deepEqual(silent.map(([name]) => name), []);
});
