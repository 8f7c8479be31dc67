#!/usr/bin/env bash
# onnxruntime-web 1.30.0 (WASM, in Node). Models by onnx-proto 8.0.1.
#
# A value is put on a coarse grid (steps of 0.5, by QuantizeLinear and DequantizeLinear) and then on a finer one (steps
# of 0.2), as happens where two quantized networks are joined, or where somebody tries what a coarser scale would
# do to a network. One would expect graph optimizations to leave the numbers as they are. From "basic" on, and so
# by default, the runtime makes one pair of the two, with the finer step: 0.13 comes out as 0.2 instead of 0.
#
# Why it matters: whoever simulates a coarser quantization in a QDQ file measures the finer one, and finds that it costs
# nothing. The session option disable_quant_qdq, by which a QDQ file otherwise runs as it is written, does not help;
# disable_double_qdq_remover does.
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
const NUMBERS = [0.13, 0.4, 0.77, -3.85];
const value = (name) => ({
  name,
  type: { tensorType: { elemType: 1, shape: { dim: [{ dimValue: NUMBERS.length }] } } },
});
const node = (opType, input, output) => ({ opType, input, output: [output] });
const graph = {
  name: "g",
  node: [
    node("QuantizeLinear", ["x", "coarse", "zero"], "a"),
    node("DequantizeLinear", ["a", "coarse", "zero"], "b"),
    node("QuantizeLinear", ["b", "fine", "zero"], "c"),
    node("DequantizeLinear", ["c", "fine", "zero"], "y"),
  ],
  input: [value("x")],
  output: [value("y")],
  initializer: [
    { name: "coarse", dims: [], dataType: 1, floatData: [0.5] },
    { name: "fine", dims: [], dataType: 1, floatData: [0.2] },
    { name: "zero", dims: [], dataType: 2, int32Data: [128] },
  ],
};
const model = proto.onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ version: 17 }], graph }).finish();
async function output(options) {
  const session = await ort.InferenceSession.create(model, options);
  const x = new ort.Tensor("float32", Float32Array.from(NUMBERS), [NUMBERS.length]);
  return Array.from((await session.run({ x })).y.data, (y) => Math.round(10 * y) / 10 + 0).join(" ");
}
const seen = {
  disabled: await output({ graphOptimizationLevel: "disabled" }),
  basic: await output({ graphOptimizationLevel: "basic" }),
  default: await output({}),
  disable_quant_qdq: await output({ extra: { session: { disable_quant_qdq: "1" } } }),
  disable_double_qdq_remover: await output({ extra: { session: { disable_double_qdq_remover: "1" } } }),
};
console.log(`onnxruntime-web ${ort.env.versions.web}, ${NUMBERS.join(" ")} in steps of 0.5, then in steps of 0.2`);
console.log("expected: 0 0.4 1 -4, at each level");
for (const [level, numbers] of Object.entries(seen)) console.log(`${level}: ${numbers}`);
assert.equal(seen.disabled, seen.disable_double_qdq_remover, "this has changed");
assert.equal(seen.disabled, "0 0.4 1 -4", "this has changed");
assert.equal(seen.basic, "0.2 0.4 0.8 -3.8", "this has changed");
assert.equal(seen.default, seen.basic, "this has changed");
assert.equal(seen.disable_quant_qdq, seen.basic, "this has changed");
NODE
node main.mjs
