#!/usr/bin/env bash
# onnxruntime-web 1.30.0 (WASM, in Node). Models by onnx-proto 8.0.1.
#
# A NaN among the scores. One would expect either rule of other libraries: NaN comes out (NumPy's max, PyTorch), or it
# is passed over (fmax). Seen: it depends on where the NaN stands, and TopK loses numbers that have nothing to
# do with it. ReduceMax of (1, NaN, 2) is 2, of (NaN, 1, 2) it is NaN. The four largest of (1, NaN, 2, NaN, 3, 1,
# 1, 2, NaN, 5, NaN, 1) are 2, 1, NaN, NaN by TopK: 5 and 3 are not among them.
#
# Why it matters: a check of the results for NaN does not find that there was one; and where boxes are chosen by TopK
# one broken score removes the best boxes.
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
async function apply(opType, numbers, { also = [], outputs = ["y"], attribute = [] } = {}) {
  const value = (name, elemType, ...dims) => ({
    name,
    type: { tensorType: { elemType, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
  });
  const length = opType === "TopK" ? 4 : 1;
  const graph = {
    name: "g",
    node: [{ opType, input: ["x", ...also.map(({ name }) => name)], output: outputs, attribute }],
    input: [value("x", 1, numbers.length)],
    output: [value("y", 1, length)],
    initializer: also,
  };
  const model = proto.onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ version: 17 }], graph }).finish();
  const session = await ort.InferenceSession.create(model);
  const x = new ort.Tensor("float32", Float32Array.from(numbers), [numbers.length]);
  return [...(await session.run({ x })).y.data];
}
const largest = (...numbers) => apply("ReduceMax", numbers);
const four = (...numbers) =>
  apply("TopK", numbers, { also: [{ name: "k", dims: [1], dataType: 7, int64Data: [4] }], outputs: ["y", "indices"] });

const behind = await largest(1, NaN, 2);
const first = await largest(NaN, 1, 2);
const whole = await four(1, 1.5, 2, 0, 3, 1, 1, 2, 0, 5, 0, 1);
const broken = await four(1, NaN, 2, NaN, 3, 1, 1, 2, NaN, 5, NaN, 1);
console.log(`onnxruntime-web ${ort.env.versions.web}`);
console.log("expected: ReduceMax treats a NaN alike wherever it stands; TopK gives 5 and 3 beside the NaN, if any");
console.log(`ReduceMax of 1, NaN, 2: ${behind}; of NaN, 1, 2: ${first}`);
console.log(`TopK, four of twelve with 5 and 3, no NaN: ${whole.join(", ")}; with four NaN: ${broken.join(", ")}`);
assert.deepEqual([behind, first], [[2], [NaN]], "this has changed");
assert.deepEqual(whole, [5, 3, 2, 2], "this has changed");
assert(!broken.includes(5) && !broken.includes(3), "this has changed");
NODE
node main.mjs
