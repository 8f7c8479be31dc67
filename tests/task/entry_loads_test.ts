import assert from "node:assert/strict";
import { downloadSizes } from "../../lib/evaluate/download_sizes.ts";
import { entryLoads } from "../../lib/task/entry_loads.ts";
import { smallPackage } from "../runtime/small_package.ts";
import { inTempFolder } from "../temp_folder.ts";

Deno.test("entryLoads() adds up what an import loads, of the binaries that are asked for", () =>
  inTempFolder(async (folder) => {
    const dist = await smallPackage(folder);
    const read: string[] = [];
    const onProgress = (file: string) => read.push(file);
    const loads = await entryLoads({ dist, binaries: ["plain", "jspi"], onProgress });
    const files = ["ort.wasm.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"];
    let [bytes, gzip, brotli] = [0, 0, 0];
    for (const file of files) {
      const content = await Deno.readFile(new URL(file, dist));
      const sent = await downloadSizes(content);
      [bytes, gzip, brotli] = [bytes + content.length, gzip + sent.gzip, brotli + sent.brotli];
    }
    assert.deepEqual([...loads], [["plain", [
      { entry: "onnxruntime-web/wasm", files, bytes, download: { gzip, brotli } },
    ]]]);
    assert.deepEqual(read, files, "what nobody asked for is not compressed");
  }));
