import assert from "node:assert/strict";
import { runtimeFile } from "../../lib/runtime/package_files.ts";

Deno.test("runtimeFile() reads a file of the package, and names the nearest to one that it has not", async () => {
  const text = new TextDecoder().decode(await runtimeFile("ort-wasm-simd-threaded.mjs"));
  assert.match(text, /export default/);
  await assert.rejects(
    runtimeFile("ort-wasm-simd-thread.wasm"),
    /of onnxruntime-web: there is no such file \(did you mean .*ort-wasm-simd-threaded\.wasm\?\)/,
  );
});
