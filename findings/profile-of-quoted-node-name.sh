#!/usr/bin/env bash
# onnxruntime-web 1.30.0 (WASM, in Node) and onnxruntime 1.32.0 for Python, onnx 1.23.2.
#
# A node's name is free text in ONNX; the checker takes quotes and backslashes. A session that was made with
# profiling gives its events as JSON (Chrome's trace format). One would expect any JSON reader to take them.
# onnxruntime-web writes the names of nodes as they are, so that a quote ends the string too early and a
# backslash begins an escape: the whole profile cannot be read, the rows of all other nodes with it.
# onnxruntime 1.32.0 for Python escapes them.
#
# Why it matters: tools that profile networks of other people (Keras and hand-made exporters write such names)
# fail after the run, or must rename all nodes first and map the names back.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnxruntime==1.32.0 onnx==1.23.2
cd "$folder"
npm init -y > /dev/null
npm install --silent --ignore-scripts onnxruntime-web@1.30.0

"$folder/venv/bin/python" - <<'PYTHON'
import json

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper

onnxruntime.set_default_logger_severity(3)


def save(name, file):
    """A network of two nodes, the first of which bears the name."""
    nodes = [helper.make_node("Exp", ["x"], ["h"], name=name), helper.make_node("Abs", ["h"], ["y"], name="abs")]
    of = lambda value: helper.make_tensor_value_info(value, TensorProto.FLOAT, [4])
    graph = helper.make_graph(nodes, "g", [of("x")], [of("y")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, file)


def profile(file):
    options = onnxruntime.SessionOptions()
    options.enable_profiling = True
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    session.run(None, {"x": numpy.ones(4, numpy.float32)})
    try:
        return f"{len(json.load(open(session.end_profiling())))} events"
    except json.JSONDecodeError:
        return "no JSON"


names = {"plain.onnx": "exp of x", "quote.onnx": 'exp of "x"', "backslash.onnx": "exp\\x"}
seen = {}
print("expected: every profile is JSON")
for file, name in names.items():
    save(name, file)
    seen[file] = profile(file)
    print(f"onnxruntime {onnxruntime.__version__} for Python, node named {name}: {seen[file]}")
assert all(text.endswith("events") for text in seen.values()), "this has changed"
PYTHON

cat > web.mjs <<'NODE'
import { readFileSync } from "node:fs";
import * as ort from "onnxruntime-web";

ort.env.wasm.numThreads = 1;
const network = readFileSync(process.argv[2]);
const session = await ort.InferenceSession.create(network, { enableProfiling: true });
await session.run({ x: new ort.Tensor("float32", new Float32Array(4), [4]) });
session.endProfiling(); // the runtime prints the profile itself
NODE
for name in plain quote backslash; do
  node web.mjs "$name.onnx" > "$name.profile" 2>&1
done

"$folder/venv/bin/python" - <<'PYTHON'
import json

seen = {}
for name in ("plain", "quote", "backslash"):
    text = open(f"{name}.profile").read()
    try:
        events = json.loads(text[text.index("[\n") : text.rindex("]") + 1])
        seen[name] = f"{len(events)} events"
    except json.JSONDecodeError:
        seen[name] = "no JSON"
    print(f"onnxruntime-web 1.30.0, {name}.onnx: {seen[name]}")
assert seen["plain"].endswith("events"), "this has changed"
assert seen["quote"] == seen["backslash"] == "no JSON", "this has changed"
PYTHON
