#!/usr/bin/env bash
# onnxruntime-web 1.30.0 (WASM, 1 thread, in Node). Models by onnx-proto 8.0.1.
#
# Relu is a maximum with 0, and memory sets its speed. One would expect Relu(x) and Max(0, x) to take the same time.
# Between two other nodes Relu takes some twenty times as long: 6 ns a number, where Max takes 0.2 and Add
# 0.4. So do Clip and LeakyRelu. If something else reads the input of Relu as well, it is fast: it
# looks as if its kernel were slow where it writes over its input, which the runtime lets it do wherever it can.
#
# Why it matters: a Relu costs as much as ten Adds, and one that is written as Max, which gives the same bits, next to
# nothing. (Behind a Conv Relu is fused, and is not met.) Times are the best of many runs in turns; compared
# are the times beyond those of the two Adds around.
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
const LENGTH = 1 << 18;
/** So many numbers of both signs, the same in each run. */
function noise(seed) {
  let state = seed;
  return Float32Array.from({ length: LENGTH }, () => (state = state * 16807 % 2147483647) / 1073741823.5 - 1);
}
const value = (name) => ({
  name,
  type: { tensorType: { elemType: 1, shape: { dim: [{ dimValue: LENGTH }] } } },
});
const node = (opType, input, output) => ({ opType, input, output: [output] });
/** An Add, the nodes (which make h of a), and an Add. */
async function open(...nodes) {
  const graph = {
    name: "g",
    node: [node("Add", ["x", "c"], "a"), ...nodes, node("Add", [nodes.length ? "h" : "a", "c"], "y")],
    input: [value("x")],
    output: [value("y")],
    initializer: [
      { name: "c", dims: [LENGTH], dataType: 1, floatData: noise(3) },
      { name: "zero", dims: [], dataType: 1, floatData: [0] },
    ],
  };
  const model = proto.onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ version: 17 }], graph }).finish();
  return { session: await ort.InferenceSession.create(model, { logSeverityLevel: 4 }), best: Infinity };
}
const forms = {
  "nothing": await open(),
  "Relu": await open(node("Relu", ["a"], "h")),
  "Max": await open(node("Max", ["zero", "a"], "h")),
  "Add": await open(node("Add", ["a", "c"], "h")),
  "Relu and an Add that reads its input, too": await open(node("Relu", ["a"], "r"), node("Add", ["r", "a"], "h")),
};
const feeds = { x: new ort.Tensor("float32", noise(5), [LENGTH]) };
for (let round = 0; round < 300; round++) {
  for (const form of Object.values(forms)) {
    const from = performance.now();
    await form.session.run(feeds);
    form.best = Math.min(form.best, performance.now() - from);
  }
}
/** Nanoseconds a number, beyond those of both Adds. */
const cost = (name) => 1e6 * (forms[name].best - forms.nothing.best) / LENGTH;
console.log(`onnxruntime-web ${ort.env.versions.web}, ns a number; expected: Relu as Max`);
for (const name of Object.keys(forms).slice(1)) console.log(`${name}: ${cost(name).toFixed(2)}`);
assert(cost("Relu") > 4 * cost("Max"), "this has changed");
assert(cost("Relu") > 2 * cost("Relu and an Add that reads its input, too"), "this has changed");
NODE
node main.mjs
