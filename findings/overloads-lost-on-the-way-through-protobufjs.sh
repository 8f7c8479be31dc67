#!/usr/bin/env bash
# onnx-proto 8.0.1 (protobufjs), onnx 1.23.2; onnxruntime-web 1.30.0 (WASM, in Node) runs the files.
#
# A tool reads an ONNX file, renames an input, and writes it again, with onnx-proto. Protocol Buffers ask readers to
# keep fields that they do not know, and the other libraries do. protobufjs drops them. One would expect a lost field to
# be missed. Since IR version 10 a file may have several functions of one name, told apart by `overload`, which
# onnx-proto does not know: written again, all have the same name, and each call gets the first. The file opens
# without a word, and gives other numbers.
#
# Why it matters: nothing warns, neither the tool nor the runtime. The names of modules that PyTorch's exporter leaves
# in the `metadata_props` of nodes go the same way.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnx==1.23.2
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts onnxruntime-web@1.30.0 onnx-proto@8.0.1
venv/bin/python - <<'PYTHON'
import onnx
from onnx import TensorProto, helper

opset = helper.make_opsetid("", 17)
value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [2])
function = lambda overload, op: helper.make_function(
    "own", "Round", ["a"], ["b"], [helper.make_node(op, ["a"], ["b"])], [opset], overload=overload)
call = lambda overload, output: helper.make_node("Round", ["x"], [output], domain="own", overload=overload)
graph = helper.make_graph(
    [call("up", "higher"), call("down", "lower")], "g", [value("x")], [value("higher"), value("lower")])
model = helper.make_model(
    graph, functions=[function("up", "Ceil"), function("down", "Floor")], ir_version=10,
    opset_imports=[opset, helper.make_opsetid("own", 1)])
onnx.checker.check_model(model)
onnx.save(model, "net.onnx")
PYTHON
cat > main.mjs <<'NODE'
import assert from "node:assert/strict";
import fs from "node:fs";
import proto from "onnx-proto";
import * as ort from "onnxruntime-web";
ort.env.wasm.numThreads = 1;
const { ModelProto } = proto.onnx;
const file = fs.readFileSync("net.onnx");
const written = ModelProto.encode(ModelProto.decode(file)).finish();
async function give(bytes) {
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 2 });
  const { higher, lower } = await session.run({ x: new ort.Tensor("float32", Float32Array.of(1.5, -1.5), [2]) });
  return `higher ${higher.data.join(" ")}, lower ${lower.data.join(" ")}`;
}
const [before, after] = [await give(file), await give(written)];
console.log(`1.5 and -1.5, the file of ${file.length} bytes: ${before}; expected after it was read and written: the same`);
console.log(`read and written, ${written.length} bytes: ${after}`);
assert.equal(before, "higher 2 -1, lower 1 -2", "this has changed");
assert.notEqual(after, before, "this has changed");
process.exit(0);
NODE
node main.mjs
