#!/usr/bin/env bash
# onnxruntime 1.32.0 (CPU), onnx 1.23.2.
#
# A graph output may be declared by its name alone; onnxruntime infers the type. One would expect the
# model that it saves as optimized (SessionOptions.optimized_model_filepath) to state that type, as the
# session itself does. It does so only if an optimization changed something in the graph: a graph in which
# there was nothing to optimize is written back as it came, and its output has no type, though the same
# session reports one. Two Identity nodes beside it, one of which is removed, are enough to get the types.
#
# Why it matters: tools that ask the runtime for types and shapes by saving the optimized model get none
# for small or already optimized networks.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnxruntime==1.32.0 onnx==1.23.2
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import onnx
import onnxruntime
from onnx import TensorProto, helper

onnxruntime.set_default_logger_severity(3)


def model(nodes, by_name):
    """A network that gives y, and besides values that are declared by name alone."""
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N"])]
    outputs += [onnx.ValueInfoProto(name=name) for name in by_name]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N"])]
    graph = helper.make_graph(nodes, "g", inputs, outputs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def types_of_h(network):
    """The type of the value h: as the session says, and as the saved model says."""
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = "saved.onnx"
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    providers = ["CPUExecutionProvider"]
    session = onnxruntime.InferenceSession(network.SerializeToString(), options, providers=providers)
    said = next(output.type for output in session.get_outputs() if output.name == "h")
    saved = onnx.load("saved.onnx").graph.output
    written = next(output for output in saved if output.name == "h").type.WhichOneof("value")
    return said, written


node = helper.make_node
plain = [node("Exp", ["x"], ["h"]), node("Abs", ["h"], ["y"])]
idle = [node("Identity", ["h"], ["i"]), node("Identity", ["i"], ["j"])]
nothing_to_do = types_of_h(model(plain, ["h"]))
something_to_do = types_of_h(model(plain + idle, ["h", "j"]))
print(f"onnxruntime {onnxruntime.__version__}, onnx {onnx.__version__}")
print(f"expected: the saved model states the type of h in both networks")
print(f"seen, nothing to optimize:   session {nothing_to_do[0]}, saved model {nothing_to_do[1]}")
print(f"seen, something to optimize: session {something_to_do[0]}, saved model {something_to_do[1]}")
assert nothing_to_do == ("tensor(float)", None), "this has changed"
assert something_to_do == ("tensor(float)", "tensor_type"), "this has changed"
PYTHON
