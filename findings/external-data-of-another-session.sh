#!/usr/bin/env bash
# onnxruntime-web 1.30.0 (WASM, in Node); onnxruntime-node 1.30.0 beside it. Models by onnx-proto 8.0.1.
#
# Networks above 2 GB, and many below, keep their weights in a second file, which a page passes as `externalData:
# [{ path, data }]`. Encoder and decoder, or a network before and after training, often name it alike
# ("model.onnx_data"). One would expect what is passed to one session to be that session's own. Seen: two sessions
# that are created side by side (Promise.all) both get the data of the one that was asked for last, if the paths
# are the same. One after the other each gets its own.
#
# Why it matters: the shapes agree, so nothing fails: the first network computes with the weights of the second.
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
const PATH = "model.onnx_data";
const value = (name) => ({ name, type: { tensorType: { elemType: 1, shape: { dim: [{ dimValue: 2 }] } } } });
const place = Object.entries({ location: PATH, offset: "0", length: "8" }).map(([key, value]) => ({ key, value }));
const graph = {
  name: "g",
  node: [{ opType: "Add", input: ["x", "w"], output: ["y"] }],
  input: [value("x")],
  output: [value("y")],
  initializer: [{ name: "w", dims: [2], dataType: 1, dataLocation: 1, externalData: place }],
};
const model = proto.onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ version: 17 }], graph }).finish();

const open = (ort, weights) =>
  ort.InferenceSession.create(model, {
    externalData: [{ path: PATH, data: new Uint8Array(Float32Array.from(weights).buffer) }],
  });
/** The weights that a session computes with. */
const held = async (ort, session) =>
  [...(await session.run({ x: new ort.Tensor("float32", new Float32Array(2), [2]) })).y.data].join(" ");

async function seen(ort) {
  const first = await open(ort, [1, 2]);
  const second = await open(ort, [30, 40]);
  const both = await Promise.all([open(ort, [1, 2]), open(ort, [30, 40])]);
  return {
    inTurn: [await held(ort, first), await held(ort, second)],
    sideBySide: [await held(ort, both[0]), await held(ort, both[1])],
  };
}
console.log("expected: one session has the weights 1 2, the other 30 40");
const [there, here] = [await seen(native), await seen(web)];
for (const [name, { inTurn, sideBySide }] of [["onnxruntime-node", there], ["onnxruntime-web", here]]) {
  console.log(`${name} 1.30.0: in turn ${inTurn.join(" and ")}; side by side ${sideBySide.join(" and ")}`);
}
assert.deepEqual(there.sideBySide, ["1 2", "30 40"], "this has changed");
assert.deepEqual(here.inTurn, ["1 2", "30 40"], "this has changed");
assert.deepEqual(here.sideBySide, ["30 40", "30 40"], "this has changed");
NODE
node main.mjs
