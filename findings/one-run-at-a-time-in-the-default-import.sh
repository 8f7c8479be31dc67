#!/usr/bin/env bash
# onnxruntime-web 1.30.0 (WASM, in Deno 2.9.6; 1.31.0-dev.20260914-8d85527a0 does the same). Models by onnx-proto 8.0.1.
#
# Two networks, a detector and a classifier, each with a session of its own, executionProviders: ["wasm"]. Both are asked
# at once: `await Promise.all([a.run(x), b.run(y)])`. One would expect two results; one thread computes them one after
# the other. With the WASM binaries of onnxruntime-web/wasm (plain), /webgpu (asyncify) and /jspi it is so. With jsep,
# which a page gets by the usual `import * as ort from "onnxruntime-web"`, both fail: the first with "Session
# mismatch", though it was computed, the second with "Session already started". In Node the same import loads the
# plain one, so that tests there pass.
#
# Why it matters: it depends on the import, not on the code, and on whether a click comes while a run is under way;
# and none of the errors says that two runs met.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts onnxruntime-web@1.30.0 onnx-proto@8.0.1
cat > main.mjs <<'SCRIPT'
import assert from "node:assert/strict";
import proto from "onnx-proto";
import * as ort from "onnxruntime-web";
const [binary] = Deno.args;
const file = (end) => import.meta.resolve(`./node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded${end}`);
const name = binary === "plain" ? "" : `.${binary}`;
ort.env.wasm.wasmPaths = { mjs: file(`${name}.mjs`), wasm: file(`${name}.wasm`) };
ort.env.wasm.numThreads = 1;
const value = (name) => ({ name, type: { tensorType: { elemType: 1, shape: { dim: [{ dimValue: 2 }] } } } });
async function open(opType) {
  const node = [{ opType, input: ["x"], output: ["y"] }];
  const graph = { name: opType, node, input: [value("x")], output: [value("y")] };
  const model = proto.onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ version: 17 }], graph }).finish();
  return await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
}
const sessions = [await open("Neg"), await open("Abs")];
const x = new ort.Tensor("float32", Float32Array.of(1, -2), [2]);
const runs = await Promise.allSettled(sessions.map((session) => session.run({ x })));
const told = runs.map(({ value, reason }) => reason?.message ?? value.y.data.join());
console.log(`${binary}: ${told.join(" and ")}`);
const seen = binary === "jsep" ? ["Session mismatch", "Session already started"] : ["-1,2", "1,2"];
assert.deepEqual(told, seen, "this has changed");
Deno.exit(0);
SCRIPT
echo "expected of all: -1,2 and 1,2"
for binary in plain jsep asyncify jspi; do
  npx --yes deno@2.9.6 run -A main.mjs "$binary" 2> errors || { cat errors; exit 1; }
done
