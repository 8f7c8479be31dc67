#!/usr/bin/env bash
# onnxruntime-web 1.30.0 (WASM, in Node); onnxruntime-node 1.30.0 beside it. Models by onnx-proto 8.0.1.
#
# `session.run(feeds, { y: tensor })` takes a tensor for the output y, which by the documentation "will be used as a
# pre-allocated value by the inference engine". One would expect the result in it, as the loop of a program
# that wants no new array for each frame would have it. onnxruntime-web hands back the very tensor, and its numbers
# are those it had before: the result goes to a copy in WASM memory that nobody reads. No error, no warning.
# onnxruntime-node fills the array.
#
# Why it matters: a program that was tried in Node gives zeros in the browser, in the right shape and type.
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
const value = (name) => ({ name, type: { tensorType: { elemType: 1, shape: { dim: [{ dimValue: 3 }] } } } });
const graph = {
  name: "g",
  node: [{ opType: "Neg", input: ["x"], output: ["y"] }],
  input: [value("x")],
  output: [value("y")],
};
const model = proto.onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ version: 17 }], graph }).finish();

async function filled(ort) {
  const session = await ort.InferenceSession.create(model);
  const x = new ort.Tensor("float32", Float32Array.of(1, 2, 3), [3]);
  const numbers = new Float32Array(3);
  const y = new ort.Tensor("float32", numbers, [3]);
  const results = await session.run({ x }, { y });
  return { given: [...numbers], returned: [...results.y.data], fresh: [...(await session.run({ x })).y.data] };
}
const there = await filled(native);
const here = await filled(web);
console.log("expected of both: -1, -2, -3 in the tensor that was given, and in what run() returns");
console.log(`onnxruntime-node ${native.env.versions.common}: given ${there.given}; returned ${there.returned}`);
console.log(`onnxruntime-web ${web.env.versions.web}: given ${here.given}; returned ${here.returned}`);
console.log(`onnxruntime-web without a tensor for y: ${here.fresh}`);
assert.deepEqual(there, { given: [-1, -2, -3], returned: [-1, -2, -3], fresh: [-1, -2, -3] }, "this has changed");
assert.deepEqual(here, { given: [0, 0, 0], returned: [0, 0, 0], fresh: [-1, -2, -3] }, "this has changed");
NODE
node main.mjs
