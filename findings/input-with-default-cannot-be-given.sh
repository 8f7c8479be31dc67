#!/usr/bin/env bash
# onnxruntime-web 1.30.0 (WASM, in Node) and onnxruntime-node 1.30.0. Models by onnx-proto 8.0.1.
#
# From IR version 4 on an initializer that is also listed among the graph's inputs is a default, which whoever
# runs the network may replace: a threshold, a temperature, a set of adapter weights. onnxruntime keeps it replaceable,
# says so in a warning, and pays for it: such values are not folded. One would expect to be able to give a value.
# Both packages for JavaScript leave such inputs out of `inputNames`. Given one all the same, onnxruntime-web refuses
# ("invalid input"); onnxruntime-node takes it without a word and computes with the default.
#
# Why it matters: a setting that works in Python has no effect in Node and is an error on the web, while the network
# is as slow as if it could be set.
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
const value = (name) => ({ name, type: { tensorType: { elemType: 1, shape: { dim: [{ dimValue: 2 }] } } } });
const graph = {
  name: "g",
  node: [{ opType: "Add", input: ["x", "offset"], output: ["y"] }],
  input: [value("x"), value("offset")],
  output: [value("y")],
  initializer: [{ name: "offset", dims: [2], dataType: 1, floatData: [5, 6] }],
};
const model = proto.onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ version: 17 }], graph }).finish();

async function given(ort) {
  const session = await ort.InferenceSession.create(model, { logSeverityLevel: 4 });
  const of = (...numbers) => new ort.Tensor("float32", Float32Array.from(numbers), [2]);
  const result = await session.run({ x: of(1, 1), offset: of(100, 200) }).then(
    ({ y }) => [...y.data].join(" "),
    (error) => error.message,
  );
  return { names: session.inputNames.join(", "), result };
}
console.log("x is 1 1, offset 5 6 by default and 100 200 as given; expected: 101 201");
const [there, here] = [await given(native), await given(web)];
for (const [name, { names, result }] of [["onnxruntime-node", there], ["onnxruntime-web", here]]) {
  console.log(`${name} 1.30.0: inputs ${names}; result: ${result}`);
}
assert.deepEqual(there, { names: "x", result: "6 7" }, "this has changed");
assert.deepEqual(here, { names: "x", result: "invalid input 'offset'" }, "this has changed");
NODE
node main.mjs
