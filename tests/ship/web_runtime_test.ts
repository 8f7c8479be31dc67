import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };
import { DEFAULT_BUILD, PLAIN_BUILD, WEB_RUNTIME } from "../../lib/ship/web_runtime.ts";

/** The folder of the installed package's files. */
const DIST = new URL(".", import.meta.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm"));

Deno.test("what is said of the runtime's files is true of the package that is imported", async () => {
  const { name, version } = WEB_RUNTIME;
  assert.equal(config.imports[name], `npm:${name}@${version}`);
  // How far they compress takes seconds to find out: the test of the command `runtime` does it.
  for (const { script, wasm } of [PLAIN_BUILD, DEFAULT_BUILD]) {
    for (const file of [script, wasm]) {
      const { size } = await Deno.stat(fileURLToPath(new URL(file.name, DIST)));
      assert.equal(size, file.bytes, file.name);
    }
  }
});

Deno.test("the entries to import lead to the scripts that are named", async () => {
  const packageJson = JSON.parse(await Deno.readTextFile(new URL("../package.json", DIST)));
  for (const { entry, script } of [PLAIN_BUILD, DEFAULT_BUILD]) {
    const path = entry.replace(WEB_RUNTIME.name, ".");
    assert.equal(packageJson.exports[path].import.default, `./dist/${script.name}`);
  }
});
