#!/usr/bin/env bash
# onnxruntime-web 1.30.0 (WASM, in Deno 2.9.6; 1.31.0-dev.20260914-8d85527a0 does the same). Models by onnx-proto 8.0.1.
#
# A run fails because two inputs do not fit each other, which a kernel in the middle of the network notices. The
# program catches the error, and goes on with the next picture. One would expect a failed run to hold on to nothing.
# With three of the four WASM binaries of the package (plain, jsep, asyncify) what the nodes before had
# computed stays in the WASM heap for good, once more with each failed run: 4 MB each here, until nothing fits any
# more. The binary of onnxruntime-web/jspi frees it, and its message also names the node that failed; the others' does
# not. (It looks as if only that one could unwind C++'s stack.)
#
# Why it matters: a server or page that survives bad input dies of it later, in a run that is all right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts onnxruntime-web@1.30.0 onnx-proto@8.0.1
cat > main.mjs <<'SCRIPT'
import assert from "node:assert/strict";
import proto from "onnx-proto";
let memory; // of the last instance that was made
const instantiate = WebAssembly.instantiate;
WebAssembly.instantiate = async (source, imports) => {
  const made = await instantiate(source, imports);
  const { exports } = made.instance ?? made;
  const held = [...Object.values(exports), ...Object.values(imports).flatMap(Object.values)];
  memory = held.find((one) => one instanceof WebAssembly.Memory) ?? memory;
  return made;
};
const ort = await import("onnxruntime-web");
const [binary] = Deno.args;
const file = (end) => import.meta.resolve(`./node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded${end}`);
const name = binary === "plain" ? "" : `.${binary}`;
ort.env.wasm.wasmPaths = { mjs: file(`${name}.mjs`), wasm: file(`${name}.wasm`) };
ort.env.wasm.numThreads = 1;
const value = (name) => ({ name, type: { tensorType: { elemType: 1, shape: { dim: [{ dimParam: name }] } } } });
const node = (opType, input, output) => ({ opType, name: `my ${opType}`, input, output: [output] });
const graph = {
  name: "g",
  node: [node("Neg", ["x"], "a"), node("Exp", ["a"], "b"), node("Add", ["b", "c"], "y")],
  input: [value("x"), value("c")],
  output: [value("y")],
};
const model = proto.onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ version: 17 }], graph }).finish();
const session = await ort.InferenceSession.create(model, { logSeverityLevel: 4 });
const tensor = (length) => new ort.Tensor("float32", new Float32Array(length), [length]);
let message;
const grown = async (length) => {
  const before = memory.buffer.byteLength;
  for (let run = 0; run < 50; run++) {
    await session.run({ x: tensor(1 << 20), c: tensor(length) }, { logSeverityLevel: 4 })
      .catch((error) => message = error.message);
  }
  return Math.round((memory.buffer.byteLength - before) / 1e6);
};
await grown(1 << 20);
const good = await grown(1 << 20);
assert.equal(message, undefined);
const failed = await grown(3);
const isNamed = message.includes("my Add");
console.log(`${binary}: heap after 50 runs more by ${good} MB, after 50 failed ones by ${failed} MB; ` +
  `the message ${isNamed ? "names" : "does not name"} the node`);
assert.equal(good, 0);
assert.equal(failed > 150 && !isNamed, binary !== "jspi", "this has changed");
Deno.exit(0);
SCRIPT
echo "expected of all: 0 MB and 0 MB"
for binary in plain jsep asyncify jspi; do
  npx --yes deno@2.9.6 run -A main.mjs "$binary" 2> /dev/null
done
