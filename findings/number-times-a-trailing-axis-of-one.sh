#!/usr/bin/env bash
# onnxruntime-web 1.30.0 (WASM, 1 thread, in Node). Models by onnx-proto 8.0.1.
#
# A tensor is multiplied by one number. One would expect no difference between the number as a scalar, of shape [], and
# as a tensor of [1, 1, 1, 1]: both are one number for all. Nor is there any as long as the last axis of the tensor is
# long. Where the last axis has one element, as in [1, 172, 309, 1] (depth maps, audio, masks), the scalar takes
# some twenty times as long: about 25 ns for each number. Add, Sub, Div, Max and others behave alike.
#
# Why it matters: exporters write scalars; one Mul can take as long as a convolution, and four brackets more in the
# file make it vanish. Times are the best of many runs in turns.
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
const LENGTH = 172 * 309;
async function open(opType, dims, dimsOfNumber) {
  const value = (name) => ({
    name,
    type: { tensorType: { elemType: 1, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
  });
  const graph = {
    name: "g",
    node: [{ opType, input: ["x", "number"], output: ["y"] }],
    input: [value("x")],
    output: [value("y")],
    initializer: [{ name: "number", dims: dimsOfNumber, dataType: 1, floatData: [2] }],
  };
  const model = proto.onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ version: 17 }], graph }).finish();
  const x = new ort.Tensor("float32", new Float32Array(LENGTH).fill(0.5), dims);
  return { session: await ort.InferenceSession.create(model), feeds: { x }, best: Infinity };
}
console.log(`onnxruntime-web ${ort.env.versions.web}; expected: the shape of the number makes no difference`);
for (const opType of ["Mul", "Add", "Max"]) {
  for (const dims of [[1, 1, 172, 309], [1, 172, 309, 1]]) {
    const scalar = await open(opType, dims, []);
    const tensor = await open(opType, dims, [1, 1, 1, 1]);
    for (let round = 0; round < 300; round++) {
      for (const form of [scalar, tensor]) {
        const from = performance.now();
        await form.session.run(form.feeds);
        form.best = Math.min(form.best, performance.now() - from);
      }
    }
    const ratio = scalar.best / tensor.best;
    console.log(`${opType}, [${dims}]: [] ${scalar.best.toFixed(3)} ms, [1,1,1,1] ${tensor.best.toFixed(3)} ms, ` +
      `ratio ${ratio.toFixed(1)}`);
    assert(dims.at(-1) === 1 ? ratio > 4 : ratio < 4, "this has changed");
  }
}
NODE
node main.mjs
