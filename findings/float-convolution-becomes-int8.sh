#!/usr/bin/env bash
# onnxruntime-web 1.30.0 (WASM, in Node), with the options that it has by default. Models by onnx-proto 8.0.1.
#
# A convolution is left in float32 on purpose: its channels differ a hundredfold, and one scale for all its weights
# would lose the small ones. The tensors before and behind it are uint8. In the file it has float32 weights, a
# DequantizeLinear before and a QuantizeLinear behind. One would expect it to be computed in float32. The runtime makes
# a QLinearConv of it: it quantizes the weights itself, with one scale for all, as it loads the file. With
# graphOptimizationLevel "disabled" the same file gives the float32 numbers.
#
# Why it matters: the layers that a quantizer keeps out of int8 for accuracy are quantized after all, in the
# coarsest way, and only the outputs show it.
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
const CHANNELS = 8, DIMS = [1, CHANNELS, 8, 8];
/** So many numbers of -1 to 1, the same in each run. */
function noise(length, seed) {
  let state = seed;
  return Float32Array.from({ length }, () => (state = state * 16807 % 2147483647) / 1073741823.5 - 1);
}
const value = (name) => ({
  name,
  type: { tensorType: { elemType: 1, shape: { dim: DIMS.map((dimValue) => ({ dimValue })) } } },
});
const constant = (name, dims, data, dataType) => ({ name, dims, dataType, rawData: new Uint8Array(data.buffer) });
// The filter of the first channel is a hundred times as large as the others.
const weights = noise(CHANNELS * CHANNELS, 3).map((w, i) => i < CHANNELS ? 100 * w : w);
const node = (opType, input, output) => ({ opType, input, output: [output] });
const graph = {
  name: "g",
  node: [
    node("QuantizeLinear", ["x", "s", "z"], "q"),
    node("DequantizeLinear", ["q", "s", "z"], "d"),
    node("Conv", ["d", "w"], "c"),
    node("QuantizeLinear", ["c", "t", "z"], "r"),
    node("DequantizeLinear", ["r", "t", "z"], "y"),
  ],
  input: [value("x")],
  output: [value("y")],
  initializer: [
    constant("w", [CHANNELS, CHANNELS, 1, 1], weights, 1),
    constant("s", [], Float32Array.of(1 / 127), 1),
    constant("t", [], Float32Array.of(2 / 127), 1),
    constant("z", [], Uint8Array.of(128), 2),
  ],
};
const model = proto.onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ version: 17 }], graph }).finish();

async function output(options) {
  const session = await ort.InferenceSession.create(model, options);
  return (await session.run({ x: new ort.Tensor("float32", noise(CHANNELS * 64, 9), DIMS) })).y.data.slice(64);
}
// Of all channels but the large one.
const plain = await output({ graphOptimizationLevel: "disabled" });
const optimized = await output({});
const kept = await output({ extra: { session: { disable_quant_qdq: "1" } } });
const decibels = (seen) => {
  const power = (numbers) => numbers.reduce((sum, x) => sum + x * x, 0);
  return 10 * Math.log10(power(plain) / power(seen.map((x, i) => x - plain[i])));
};
console.log(`onnxruntime-web ${ort.env.versions.web}: signal to noise of a float32 Conv among uint8 tensors`);
console.log("expected: over 40 dB, a step of uint8 here and there");
console.log(`as it is loaded by default:  ${decibels(optimized).toFixed(1)} dB`);
console.log(`with disable_quant_qdq:      ${decibels(kept).toFixed(1)} dB`);
assert(decibels(kept) > 40, "this has changed");
assert(decibels(optimized) < 20, "this has changed");
NODE
node main.mjs
