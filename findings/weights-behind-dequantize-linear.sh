#!/usr/bin/env bash
# onnxruntime-web 1.30.0 (WASM, 1 thread, in Node). Models by onnx-proto 8.0.1.
#
# Weights of a linear layer are stored in int8, and DequantizeLinear, the operator that is there for it, makes float32
# of them. All of it is constant. One would expect the runtime to do that once, at load, as it does other operators on
# constants. It does not. A MatMul with such weights becomes MatMulNBits, which unpacks them in each run and takes
# some ten times as long for one row; a Gather of one row of a table (an embedding) is preceded by the
# whole table in each run. The same int8 numbers behind Cast and Mul are folded, and run as float32.
#
# Why it matters: a file that was made small in the usual way is an order of magnitude slower than it need be; one of
# the same size, with two other operators, is not. Times are the best of many runs in turns.
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
const node = (opType, input, output, to) => ({
  opType,
  input,
  output: [output],
  attribute: to === undefined ? [] : [{ name: "to", type: 2, i: to }],
});
const dequantized = [node("DequantizeLinear", ["w", "scale"], "float")];
const cast = [node("Cast", ["w"], "cast", 1), node("Mul", ["cast", "scale"], "float")];
/** A network that reads int8 weights of [rows, columns] as "float". */
async function open(nodes, input, [rows, columns]) {
  const value = (name, [elemType, dims]) => ({
    name,
    type: { tensorType: { elemType, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
  });
  let state = 7;
  const weights = Uint8Array.from({ length: rows * columns }, () => (state = state * 16807 % 2147483647) & 255);
  const graph = {
    name: "g",
    node: nodes,
    input: [value("x", input)],
    output: [value("y", [1, [1, columns]])],
    initializer: [
      { name: "w", dims: [rows, columns], dataType: 3, rawData: weights },
      { name: "scale", dims: [], dataType: 1, floatData: [0.01] },
    ],
  };
  const model = proto.onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ version: 17 }], graph }).finish();
  return ort.InferenceSession.create(model, { logSeverityLevel: 4 });
}
/** Milliseconds of each session. */
async function times(sessions, x) {
  const best = sessions.map(() => Infinity);
  for (let round = 0; round < 500; round++) {
    for (const [i, session] of sessions.entries()) {
      const from = performance.now();
      await session.run({ x });
      best[i] = Math.min(best[i], performance.now() - from);
    }
  }
  return best;
}
const product = node("MatMul", ["x", "float"], "y");
const row = [1, [1, 512]];
const layers = [
  await open([...dequantized, product], row, [512, 512]),
  await open([...cast, product], row, [512, 512]),
];
const gather = node("Gather", ["float", "x"], "y");
const index = [7, [1]];
const tables = [
  await open([...dequantized, gather], index, [20000, 128]),
  await open([...cast, gather], index, [20000, 128]),
];
const layer = await times(layers, new ort.Tensor("float32", new Float32Array(512).fill(0.5), [1, 512]));
const table = await times(tables, new ort.Tensor("int64", BigInt64Array.of(7n), [1]));
console.log(`onnxruntime-web ${ort.env.versions.web}; expected: both ways take the same time`);
for (const [name, [slow, fast]] of [["512 x 512 MatMul of one row", layer], ["one row of 20,000 x 128", table]]) {
  console.log(`${name}: DequantizeLinear ${slow.toFixed(3)} ms, Cast and Mul ${fast.toFixed(3)} ms, ` +
    `ratio ${(slow / fast).toFixed(1)}`);
  assert(slow > 3 * fast, "this has changed");
}
NODE
node main.mjs
