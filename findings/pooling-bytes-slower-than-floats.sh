#!/usr/bin/env bash
# onnxruntime-web 1.30.0 (WASM, 1 thread, in Node). Models by onnx-proto 8.0.1.
#
# MaxPool of a map of bytes and of the same map in float32. The maximum of bytes is simpler, and there is a quarter of
# memory to read. One would expect bytes to be faster. They take over six times as long (it looks as if the loop over
# uint8 and int8 went number by number, where that over float32 takes four at once). onnxruntime's own NhwcMaxPool,
# with channels last, takes float32's time; the runtime puts it in behind an int8 convolution alone.
#
# Why it matters: quantizers make pools int8 since it seems free, and the runtime itself moves a quantization up past
# a MaxPool. Times are the best of many runs in turns.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts onnxruntime-web@1.30.0 onnx-proto@8.0.1
cat > main.mjs <<'NODE'
import assert from "node:assert/strict";
import proto from "onnx-proto";
import * as ort from "onnxruntime-web";

ort.env.wasm.numThreads = 1;
const TYPES = { float32: [1, Float32Array], uint8: [2, Uint8Array], int8: [3, Int8Array] };
const ints = (name, list) => ({ name, type: 7, ints: list });
const attribute = [ints("kernel_shape", [3, 3]), ints("strides", [2, 2]), ints("pads", [1, 1, 1, 1])];
async function open(type, channelsLast = false) {
  const map = (side) => channelsLast ? [1, side, side, 64] : [1, 64, side, side];
  const value = (name, dims) => ({
    name,
    type: { tensorType: { elemType: TYPES[type][0], shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
  });
  const own = channelsLast ? { opType: "NhwcMaxPool", domain: "com.microsoft" } : { opType: "MaxPool" };
  const graph = {
    name: "g",
    node: [{ ...own, input: ["x"], output: ["y"], attribute }],
    input: [value("x", map(56))],
    output: [value("y", map(28))],
  };
  const opsetImport = [{ version: 17 }, { domain: "com.microsoft", version: 1 }];
  const model = proto.onnx.ModelProto.encode({ irVersion: 8, opsetImport, graph }).finish();
  const session = await ort.InferenceSession.create(model, { logSeverityLevel: 4 });
  let state = 7;
  const data = TYPES[type][1].from({ length: 64 * 56 * 56 }, () => (state = state * 16807 % 2147483647) & 127);
  return { session, feeds: { x: new ort.Tensor(type, data, map(56)) }, best: Infinity };
}
const forms = {
  float32: await open("float32"),
  uint8: await open("uint8"),
  int8: await open("int8"),
  "uint8, channels last": await open("uint8", true),
};
for (let round = 0; round < 150; round++) {
  for (const form of Object.values(forms)) {
    const from = performance.now();
    await form.session.run(form.feeds);
    form.best = Math.min(form.best, performance.now() - from);
  }
}
const times = Object.entries(forms).map(([name, { best }]) => `${name} ${best.toFixed(2)} ms`);
console.log(`MaxPool 3 x 3 over 64 channels of 56 x 56: ${times.join(", ")}; expected: bytes below float32`);
assert(forms.uint8.best > 2 * forms.float32.best, "this has changed");
assert(forms.int8.best > 2 * forms.float32.best, "this has changed");
assert(forms["uint8, channels last"].best < forms.uint8.best / 2, "this has changed");
process.exit(0);
NODE
node main.mjs
