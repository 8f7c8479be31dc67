import assert from "node:assert/strict";
import { manifestOf } from "../../../scripts/pack/manifest.ts";
import { npmTargets } from "../../../scripts/pack/project.ts";

const project = {
  version: "1.2.3",
  license: "MIT",
  exports: { "./quantize": "./lib/q.ts", "./page": "./lib/p.js" },
  imports: {},
};

Deno.test("manifestOf() asks for exactly the versions of the import map, and for one Deno", () => {
  const used = npmTargets({ "zod": "npm:zod@4.6.7", "ort/": "npm:/ort@1.30.0-dev.2/" }).values();
  const manifest = manifestOf(project, used);
  assert.equal(manifest.version, "1.2.3");
  assert.deepEqual(manifest.dependencies, { ort: "1.30.0-dev.2", zod: "4.6.7" });
  assert.deepEqual(manifest.optionalDependencies, { deno: "2.9.6" });
  assert.deepEqual(manifest.exports, {
    "./quantize": { types: "./lib/q.d.ts", default: "./lib/q.js" },
    "./page": { types: "./lib/p.d.ts", default: "./lib/p.js" },
  });
});

Deno.test("manifestOf() refuses two versions of one package", () => {
  const used = npmTargets({ "a": "npm:std@1.4.0/a.js", "b": "npm:std@1.3.1/b.js" }).values();
  assert.throws(() => manifestOf(project, used), {
    message: "Cannot pack: both std@1.4.0 and std@1.3.1 are imported",
  });
});
