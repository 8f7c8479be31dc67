#!/usr/bin/env bash
# onnxruntime-web 1.30.0, bundled by esbuild 0.28.1; Node.
#
# `import * as ort from "onnxruntime-web"` with `executionProviders: ["wasm"]`: a program that computes on the processor
# alone. One would expect the same runtime wherever it is bundled for. For Node the package gives the WASM binary
# without a GPU in it (14.2 MB); for pages the one with jsep (28 MB), which WebGPU and WebNN need. The option does not
# choose. The second takes twice as long to start, and nearly twice as long for each small node.
#
# Why it matters: what was measured in Node is not what visitors get, and they download twice as much for nothing.
# `import "onnxruntime-web/wasm"` gives the small one in both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund onnxruntime-web@1.30.0 esbuild@0.28.1
cat > main.mjs <<'NODE'
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { build } from "esbuild";

/** The WASM file that a page's bundle of this import asks for. */
async function binaryOf(entry) {
  const contents = `import * as ort from "${entry}"; ort.InferenceSession.create("net.onnx", { executionProviders: ["wasm"] });`;
  const { outputFiles: [{ text }] } = await build({
    ...{ stdin: { contents, resolveDir: "." }, platform: "browser", bundle: true, format: "esm", write: false },
  });
  const named = new Set(text.match(/ort-wasm-simd-threaded[a-z.]*\.wasm/g));
  assert.equal(named.size, 1);
  return [...named][0];
}
const dist = "node_modules/onnxruntime-web/dist";
const size = (name) => `${name}, ${(fs.statSync(`${dist}/${name}`).size / 1e6).toFixed(1)} MB`;
/** Whether Node still starts the runtime where one of the files is missing. */
function startsWithout(name) {
  fs.renameSync(`${dist}/${name}`, `${dist}/${name}.away`);
  const script = `import * as ort from "onnxruntime-web";
    ort.env.wasm.numThreads = 1;
    await ort.InferenceSession.create(new Uint8Array(0)).catch(({ message }) => process.exit(/No graph/.test(message) ? 0 : 1));`;
  const { status } = spawnSync(process.execPath, ["--input-type=module", "-e", script]);
  fs.renameSync(`${dist}/${name}.away`, `${dist}/${name}`);
  return status === 0;
}
const [plain, jsep] = ["ort-wasm-simd-threaded.wasm", "ort-wasm-simd-threaded.jsep.wasm"];
const [page, small] = [await binaryOf("onnxruntime-web"), await binaryOf("onnxruntime-web/wasm")];
console.log(`a page that imports onnxruntime-web: ${size(page)}; /wasm: ${size(small)}`);
const node = startsWithout(jsep) && !startsWithout(plain) ? plain : jsep;
console.log(`Node, onnxruntime-web: ${size(node)}; expected: as the page`);
assert.deepEqual({ page, small, node }, { page: jsep, small: plain, node: plain }, "this has changed");
NODE
node main.mjs
