import assert from "node:assert/strict";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm" with { type: "bytes" };
import { downloadSizes } from "../../lib/evaluate/download_sizes.ts";
import { useSection, WASM_FILE } from "../../lib/report/use_it.ts";
import { studyOf, sweepStudy } from "./fixture.ts";

Deno.test("useSection() names the winner's file, and the runtime's with its true size", async () => {
  const { blocks } = useSection(sweepStudy())!;
  const text = blocks.map((block) => block.markdown()).join("\n");
  assert.match(text, /InferenceSession\.create\("\/best\.onnx"\)/);
  assert.match(text, /\| best\.onnx: 2\.17 MB \|/);
  assert.equal(wasm.length, WASM_FILE.bytes);
  assert.equal((await downloadSizes(wasm)).brotli, WASM_FILE.brotli);
});

Deno.test("useSection() has nothing to say where no file was kept", () => {
  assert.equal(useSection(studyOf([{ name: "a", family: "static" }])), undefined);
});
