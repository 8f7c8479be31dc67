import assert from "node:assert/strict";
import { faultsOf } from "../../../scripts/pack/faults.ts";
import { manifestOf } from "../../../scripts/pack/manifest.ts";
import { npmTargets } from "../../../scripts/pack/project.ts";
import type { Files } from "../../../scripts/pack/tar.ts";

const project = { version: "1.2.3", license: "MIT", exports: { ".": "./mod.ts" }, imports: {} };
const manifest = manifestOf(project, npmTargets({ zod: "npm:zod@4.6.7" }).values());

/** A package in which nothing is wrong. */
const whole = {
  "package.json": JSON.stringify(manifest),
  "mod.js": `import { z } from "zod"; export { one } from "./one.js"; export const two = z.two;`,
  "mod.d.ts": `export { one } from "./one.js"; export type Two = import("zod").Two;`,
  "one.js": `import fs from "node:fs"; export const one = new URL("./one.css", import.meta.url);`,
  "one.d.ts": `export declare const one: URL;`,
  "one.css": "p {}",
  "scripts/cli/bin/octavo.js": `import "../../../mod.js"; import("deno/install_api.cjs");`,
};

function faults(changes: Record<string, string | undefined>): Promise<string[]> {
  const files: Files = new Map();
  for (const [path, text] of Object.entries({ ...whole, ...changes })) {
    if (text !== undefined) files.set(path, new TextEncoder().encode(text));
  }
  return faultsOf(files, manifest);
}

Deno.test("faultsOf() finds nothing wrong with a whole package", async () => {
  assert.deepEqual(await faults({}), []);
});

Deno.test("faultsOf() names files that are not there, and imports that Node cannot find", async () => {
  const found = await faults({
    "one.css": undefined,
    "one.d.ts": undefined,
    "scripts/cli/bin/octavo.js": `
import "../../../mod.js";
import "./gone.js"; // "import './comment.js'" and the like are no imports
import kysely from "kysely";
import "npm:zod@4.6.7";
const text = "import './text.js'", worker = new URL("../worker.ts", import.meta.url);`,
  });
  assert.deepEqual(found.sort(), [
    "mod.d.ts needs one.d.ts, which is not packed",
    "one.js needs one.css, which is not packed",
    "scripts/cli/bin/octavo.js imports kysely, which is no dependency",
    "scripts/cli/bin/octavo.js imports npm:zod@4.6.7, which is no dependency",
    "scripts/cli/bin/octavo.js needs scripts/cli/bin/gone.js, which is not packed",
    "scripts/cli/bin/octavo.js needs scripts/cli/worker.ts, which is not packed",
  ]);
});

Deno.test("faultsOf() names an export without types, and a command that is not there", async () => {
  assert.deepEqual(
    await faults({ "mod.d.ts": undefined, "scripts/cli/bin/octavo.js": undefined }),
    [
      "The export . needs mod.d.ts, which is not packed",
      "The command needs scripts/cli/bin/octavo.js, which is not packed",
    ],
  );
});
