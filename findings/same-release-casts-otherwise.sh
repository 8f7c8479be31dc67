#!/usr/bin/env bash
# onnxruntime-web 1.30.0 (WASM, in Node) and onnxruntime-node 1.30.0 (on x86-64): the same release, the same operators.
# Models by onnx-proto 8.0.1.
#
# An image network ends with a Cast of float32 to uint8, and its numbers overshoot a little: -1 for black, 256 for
# white. The standard leaves open what numbers out of range give; one would expect one release to have one
# answer, and the obvious ones are to wrap (255 and 0) or to stop at the ends (0 and 255). Node's build wraps: -1 is
# 255. The WASM build stops at 0 below, and wraps above: -1 is 0, 256 is 0, 300 is 44, and 1e20 is 255. Likewise NaN
# becomes -128 by QuantizeLinear to int8 in Node's build, and 0 in the WASM build.
#
# Why it matters: black specks in white, or white in black, are seen in one build only; tests that
# run in Node do not stand for the web.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts \
  onnxruntime-web@1.30.0 onnxruntime-node@1.30.0 onnx-proto@8.0.1
cat > main.mjs <<'NODE'
import assert from "node:assert/strict";
import proto from "onnx-proto";
import * as web from "onnxruntime-web";
import * as native from "onnxruntime-node";

web.env.wasm.numThreads = 1;
async function apply(ort, node, type, numbers) {
  const value = (name, elemType) => ({
    name,
    type: { tensorType: { elemType, shape: { dim: [{ dimValue: numbers.length }] } } },
  });
  const graph = {
    name: "g",
    node: [{ output: ["y"], ...node }],
    input: [value("x", 1)],
    output: [value("y", type)],
    initializer: [
      { name: "scale", dims: [], dataType: 1, floatData: [1] },
      { name: "zero", dims: [], dataType: 3, int32Data: [0] },
    ],
  };
  const model = proto.onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ version: 17 }], graph }).finish();
  const session = await ort.InferenceSession.create(model, { logSeverityLevel: 4 });
  const x = new ort.Tensor("float32", Float32Array.from(numbers), [numbers.length]);
  return [...(await session.run({ x })).y.data].join(" ");
}
const cast = { opType: "Cast", input: ["x"], attribute: [{ name: "to", type: 2, i: 2 }] };
const quantize = { opType: "QuantizeLinear", input: ["x", "scale", "zero"] };
const seen = {};
console.log("expected: both lines alike");
for (const [name, ort] of [["onnxruntime-web", web], ["onnxruntime-node", native]]) {
  const bytes = await apply(ort, cast, 2, [-1, 255, 256, 300, 1e20]);
  const quantized = await apply(ort, quantize, 3, [NaN, -Infinity, 1e20]);
  seen[name] = { bytes, quantized };
  console.log(`${name} 1.30.0: -1, 255, 256, 300, 1e20 as uint8: ${bytes}; NaN, -Infinity, 1e20 to int8: ${quantized}`);
}
assert.deepEqual(seen["onnxruntime-web"], { bytes: "0 255 0 44 255", quantized: "0 -128 127" }, "this has changed");
if (process.arch === "x64") {
  assert.match(seen["onnxruntime-node"].bytes, /^255 255 0 44 /, "this has changed");
  assert.equal(seen["onnxruntime-node"].quantized, "-128 -128 127", "this has changed");
}
NODE
node main.mjs
