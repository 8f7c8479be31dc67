#!/usr/bin/env bash
# onnxruntime-web 1.30.0, Deno 2.9.6.
#
# onnxruntime-web comes as one file for each of its imports, with the code around WASM inside ("ort.wasm.bundle.min.mjs",
# what a page gets of onnxruntime-web/wasm). Loaded in Deno it works with one thread. One would expect it to work with
# two, as in a browser, or to fall back to one. It refuses every network: "no available backend found. ERR: [wasm]
# TypeError: Only file and data URLs are supported by the default ESM loader. Received protocol 'blob'". The file
# that Node is given (ort.node.min.mjs) has two threads in Deno too.
#
# Why it matters: Deno is a browser in name (blob: modules run in its own workers), so that code for pages is tried
# there; the message speaks of a backend and a protocol, and a thread is what must go.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts onnxruntime-web@1.30.0 onnx-proto@8.0.1
cat > main.mjs <<'SCRIPT'
import assert from "node:assert/strict";
import proto from "onnx-proto";
const [entry, threads] = Deno.args;
const ort = await import(`./node_modules/onnxruntime-web/dist/${entry}`);
ort.env.wasm.numThreads = Number(threads);
const value = (name) => ({ name, type: { tensorType: { elemType: 1, shape: { dim: [{ dimValue: 2 }] } } } });
const node = [{ opType: "Neg", input: ["x"], output: ["y"] }];
const graph = { name: "g", node, input: [value("x")], output: [value("y")] };
const model = proto.onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ version: 17 }], graph }).finish();
const told = await (async () => {
  const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
  return (await session.run({ x: new ort.Tensor("float32", Float32Array.of(1, -2), [2]) })).y.data.join();
})().catch((error) => error.message);
console.log(`${entry}, threads: ${threads}: ${told.slice(0, 150)}`);
if (entry.includes("bundle") && threads === "2") assert.match(told, /no available backend.*blob/, "this has changed");
else assert.equal(told, "-1,2", "this has changed");
Deno.exit(0);
SCRIPT
for entry in ort.wasm.bundle.min.mjs ort.node.min.mjs; do
  for threads in 1 2; do
    npx --yes deno@2.9.6 run -A main.mjs "$entry" "$threads" 2> errors || { cat errors; exit 1; }
  done
done
# A module of a blob: address in a worker of Deno's own, for comparison.
cat > blob.mjs <<'SCRIPT'
const url = URL.createObjectURL(new Blob(["self.postMessage('a blob: module runs in a worker of Deno')"], { type: "text/javascript" }));
const worker = new Worker(url, { type: "module" });
worker.onmessage = ({ data }) => (console.log(data), Deno.exit(0));
SCRIPT
npx --yes deno@2.9.6 run -A blob.mjs
