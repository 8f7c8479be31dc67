#!/usr/bin/env bash
# onnxruntime 1.30.0 for Python and onnxruntime-web 1.30.0 (WASM, in Node): the same release. onnx 1.23.2.
#
# Shapes that a file declares for values inside are hints; a network that was pruned after its export keeps
# those of before. onnxruntime for Python opens it: a warning ("Error merging shape info ... Falling back to
# lenient merge"), and the right shapes. One would expect the build of the same release for the web to do the
# same. It refuses the file: "Can't merge shape info. Both inferred and declared dimension have values but they
# differ", without the name of the value.
#
# Why it matters: a network that was tried in Python does not open in the browser, with a sentence that names
# neither the node nor the value.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnxruntime==1.30.0 onnx==1.23.2
cd "$folder"
npm init -y > /dev/null
npm install --silent --ignore-scripts onnxruntime-web@1.30.0

"$folder/venv/bin/python" - <<'PYTHON'
import onnx
import onnxruntime
from onnx import TensorProto, helper

onnxruntime.set_default_logger_severity(4)
of = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
weights = helper.make_tensor("w", TensorProto.FLOAT, [3, 2], [0.5] * 6)
nodes = [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Relu", ["h"], ["y"])]
# w has 2 columns; of h the file says 4, as before the pruning.
graph = helper.make_graph(nodes, "g", [of("x", [1, 3])], [of("y", [1, 2])], [weights], value_info=[of("h", [1, 4])])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
onnx.save(model, "pruned.onnx")
session = onnxruntime.InferenceSession("pruned.onnx", providers=["CPUExecutionProvider"])
print(f"onnxruntime {onnxruntime.__version__} for Python: opens it, y is {session.get_outputs()[0].shape}")
assert session.get_outputs()[0].shape == [1, 2], "this has changed"
PYTHON

cat > web.mjs <<'NODE'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as ort from "onnxruntime-web";

ort.env.wasm.numThreads = 1;
const said = await ort.InferenceSession.create(readFileSync("pruned.onnx")).then(
  () => "opens it",
  (error) => error.message,
);
console.log(`onnxruntime-web ${ort.env.versions.web}: ${said}`);
console.log("expected: it opens the file too, as the same release does elsewhere");
assert.match(said, /Can't merge shape info/, "this has changed");
assert.doesNotMatch(said, /\bh\b/, "this has changed: the value is named");
NODE
node web.mjs
