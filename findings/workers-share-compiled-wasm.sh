#!/usr/bin/env bash
# Deno 2.9.6 (V8 15.0.245), onnxruntime-web 1.30.0, @ricky0123/vad-web 0.0.31 (for its Silero network).
#
# A worker has a heap, globals and modules of its own, and an instance of the runtime that it starts itself. Who
# wants to know what a visitor's first session costs would start a fresh worker and measure there. Seen: only the
# first worker of a process is cold. V8 keeps compiled WASM by its bytes for the whole process, and as long as one
# worker holds it every later one finds the functions compiled: session and first result take a fraction
# of the time. A custom section of one random byte more in the file, which changes nothing that runs, makes a
# worker as slow as the first.
#
# Why it matters: cold starts measured in worker after worker, float32 and then int8, come out several times too
# fast from the second one on. Times are CPU times of the worker's thread.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts onnxruntime-web@1.30.0 @ricky0123/vad-web@0.0.31
cat > worker.mjs <<'SCRIPT'
import * as ort from "onnxruntime-web";
import { Buffer } from "node:buffer";
import fs from "node:fs";
const [library, id] = Deno.build.os === "darwin" ? ["libSystem.B.dylib", 16] : ["libc.so.6", 3];
const { symbols } = Deno.dlopen(library, {
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
});
const time = new BigInt64Array(2);
const cpu = () => {
  symbols.clock_gettime(id, new Uint8Array(time.buffer));
  return Number(time[0]) * 1e3 + Number(time[1]) / 1e6;
};
self.onmessage = async ({ data: { salt } }) => {
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "fatal";
  const wasm = fs.readFileSync("node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm");
  // A custom section: id 0, length 3, a name of one letter, one byte of content.
  const section = salt === undefined ? [] : [0, 3, 1, 115, salt];
  ort.env.wasm.wasmBinary = new Uint8Array(Buffer.concat([wasm, Buffer.from(section)]));
  await ort.InferenceSession.create(new Uint8Array(0)).catch(() => {}); // starts the runtime
  const file = fs.readFileSync("node_modules/@ricky0123/vad-web/dist/silero_vad_v5.onnx");
  const feeds = {
    input: new ort.Tensor("float32", new Float32Array(512), [1, 512]),
    state: new ort.Tensor("float32", new Float32Array(256), [2, 1, 128]),
    sr: new ort.Tensor("int64", [16000n], []),
  };
  const from = cpu();
  const session = await ort.InferenceSession.create(file, { logSeverityLevel: 4 });
  await session.run(feeds);
  self.postMessage(cpu() - from);
};
SCRIPT
cat > main.mjs <<'SCRIPT'
const measure = async (salt) => {
  const worker = new Worker(new URL("worker.mjs", import.meta.url), { type: "module" });
  worker.postMessage({ salt });
  return (await new Promise((resolve) => worker.onmessage = resolve)).data; // the worker stays open
};
const first = await measure();
const second = await measure();
const salted = await measure(7);
console.log(`session and first result, ms: first worker ${first.toFixed(0)}, ` +
  `second ${second.toFixed(0)}, third with one byte more ${salted.toFixed(0)}`);
const asDescribed = second < first / 2 && salted > first / 1.5;
console.log(asDescribed ? "as described" : "changed");
Deno.exit(asDescribed ? 0 : 1);
SCRIPT
npx --yes deno@2.9.6 run -A main.mjs
