import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { packageEntries } from "../../lib/runtime/package_entries.ts";
import { inTempFolder } from "../temp_folder.ts";
import { smallPackage } from "./small_package.ts";

Deno.test("packageEntries() follows each import of a page to its WASM file, and leaves out those without", () =>
  inTempFolder(async (folder) => {
    const dist = await smallPackage(folder);
    assert.deepEqual(await packageEntries(dist), [
      {
        entry: "onnxruntime-web",
        wasm: "ort-wasm-simd-threaded.jsep.wasm",
        scripts: ["ort.mjs"],
      },
      {
        // Its script does not start the WASM itself: a second one is loaded for that.
        entry: "onnxruntime-web/wasm",
        wasm: "ort-wasm-simd-threaded.wasm",
        scripts: ["ort.wasm.mjs", "ort-wasm-simd-threaded.mjs"],
      },
    ]);
    await assert.rejects(packageEntries(new URL("../", dist)), UserError);
  }));
