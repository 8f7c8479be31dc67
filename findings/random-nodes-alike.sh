#!/usr/bin/env bash
# onnxruntime 1.32.0 (CPU), onnx 1.23.2.
#
# Twenty RandomUniform nodes without a seed, each of one number. The standard says that a node without the
# attribute gets a generated one. One would expect twenty independent numbers. They are within a hundredth of
# a per cent of each other. From the second number on the nodes differ. (It looks as if neighbours got seeds
# that follow each other, of which the first number of the generator hardly depends.)
#
# Why it matters: a network that draws single numbers in several nodes (durations, dropped paths, noise of one
# value per sample) draws nearly the same one in all of them, and a test that compares two of them proves
# nothing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnxruntime==1.32.0 onnx==1.23.2
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import onnxruntime
from onnx import TensorProto, helper

onnxruntime.set_default_logger_severity(3)
NODES = 20


def drawn(length):
    """What each of the nodes draws at once, so many numbers, in a fresh session."""
    names = [f"r{i}" for i in range(NODES)]
    nodes = [helper.make_node("RandomUniform", [], [name], shape=[length]) for name in names]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [length]) for name in names]
    graph = helper.make_graph(nodes, "g", [], outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {})


values = drawn(2)
spread = [float(max(v[i] for v in values) - min(v[i] for v in values)) for i in range(2)]
print(f"onnxruntime {onnxruntime.__version__}, {NODES} RandomUniform nodes on 0 to 1")
print("expected: the numbers of independent nodes spread over most of 0 to 1")
print(f"seen: first numbers spread over {spread[0]:.4f}, second numbers over {spread[1]:.4f}")
assert spread[0] < 0.01, "this has changed"
assert spread[1] > 0.3, "this has changed"
PYTHON
