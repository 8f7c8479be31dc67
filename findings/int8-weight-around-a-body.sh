#!/usr/bin/env bash
# onnxruntime 1.32.0 (CPU; 1.30.0 and onnxruntime-web 1.30.0 were seen to do the same), onnx 1.23.2.
#
# An int8 weight is a constant of the main graph. In the body of an If, DequantizeLinear makes float32 of it and a
# MatMul multiplies with it. A body may read what the graph around it has, and onnx's checker takes the file. One would
# expect it to open as any other. With graph optimizations off it does, and runs; with the default, opening fails:
# "TransposeDQWeightsForMatMulNBits Missing required weight", as the step that joins the two nodes looks for the weight
# in the body alone. The same weight as a constant of the body is taken.
#
# Why it matters: exporters keep constants in the main graph, above all those that two branches or many steps of a
# loop share. The float32 network opens, its int8 file does not, and the message names neither the body nor a remedy.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnxruntime==1.32.0 onnx==1.23.2
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

onnxruntime.set_default_logger_severity(4)
weight = numpy_helper.from_array(numpy.arange(16, dtype=numpy.int8).reshape(4, 4), "weight")
scale = numpy_helper.from_array(numpy.float32(0.5), "scale")
feeds = {"x": numpy.float32([[1, 0, 0, 0]]), "go": numpy.array(True)}


def network(inside):
    """An If whose first branch multiplies with the weight, which is a constant of the branch or of the main graph."""
    value = lambda name, kind=TensorProto.FLOAT, dims=(1, 4): helper.make_tensor_value_info(name, kind, dims)
    product = [
        helper.make_node("DequantizeLinear", ["weight", "scale"], ["float"]),
        helper.make_node("MatMul", ["x", "float"], ["a"]),
    ]
    own, outer = ([weight, scale], []) if inside else ([], [weight, scale])
    branches = {
        "then_branch": helper.make_graph(product, "then", [], [value("a")], own),
        "else_branch": helper.make_graph([helper.make_node("Relu", ["x"], ["b"])], "else", [], [value("b")]),
    }
    choice = helper.make_node("If", ["go"], ["y"], **branches)
    inputs = [value("x"), value("go", TensorProto.BOOL, ())]
    graph = helper.make_graph([choice], "g", inputs, [value("y")], outer)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()


def result(model, level):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    try:
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        return session.run(None, feeds)[0].ravel().tolist()
    except Exception as error:
        return str(error)


off = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
default = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
right = [0, 0.5, 1, 1.5]
print(f"onnxruntime {onnxruntime.__version__}; expected: {right} in each case")
for inside, level, what in [
    (True, default, "in the body"),
    (False, off, "around it, no optimizations"),
    (False, default, "around it, as by default"),
]:
    seen = result(network(inside), level)
    print(f"seen, weight {what}: {seen}")
    if not inside and level == default:
        assert "Missing required weight" in seen, "this has changed"
    else:
        assert seen == right, "this has changed"
PYTHON
