#!/usr/bin/env bash
# onnxruntime 1.32.0 (CPU; 1.30.0, the release of onnxruntime-web, was seen to do the same), onnx 1.23.2.
#
# A linear layer in QDQ form: input and weights int8 behind DequantizeLinear, a float32 result. As a MatMul
# alone it runs on integers (MatMulIntegerToFloat). One would expect the same layer with its bias added
# behind, which is how many exporters write it, to run on integers too: an Add of 16 numbers. It does not:
# MatMul and Add are first fused into a Gemm, which has no integer kernel in this place, so that the weights
# are turned back into float32 and the product computes in float32. Written as one Gemm without a bias and an
# Add behind, the same numbers run on integers (QGemm). A Relu behind the MatMul in place of the Add loses the
# integer kernel as well.
#
# Why it matters: a quantizer that leaves MatMul and Add as they came writes an int8 file whose linear layers
# compute in float32 and pay for the conversions besides; nothing but the optimized graph shows it.
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

onnxruntime.set_default_logger_severity(3)
node = helper.make_node
weights = numpy.random.default_rng(0).integers(-127, 128, (16, 16)).astype(numpy.int8)
constants = {
    "x_scale": numpy.float32(0.02),
    "x_zero": numpy.uint8(128),
    "w": weights,
    "w_scale": numpy.float32(0.01),
    "w_zero": numpy.int8(0),
    "bias": numpy.arange(16, dtype=numpy.float32),
}


def layer(product, *behind):
    """Operators that run where a linear layer is written as a product and what stands behind it."""
    nodes = [
        node("QuantizeLinear", ["x", "x_scale", "x_zero"], ["x_q"]),
        node("DequantizeLinear", ["x_q", "x_scale", "x_zero"], ["x_d"]),
        node("DequantizeLinear", ["w", "w_scale", "w_zero"], ["w_d"]),
        node(product, ["x_d", "w_d"], ["v0"]),
    ]
    for i, op in enumerate(behind):
        nodes.append(node(op, [f"v{i}", "bias"] if op == "Add" else [f"v{i}"], [f"v{i + 1}"]))
    nodes.append(node("Neg", [f"v{len(behind)}"], ["y"]))
    of = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [4, 16])
    tensors = [numpy_helper.from_array(numpy.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "g", [of("x")], [of("y")], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = "saved.onnx"
    onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return [n.op_type for n in onnx.load("saved.onnx").graph.node]


print(f"onnxruntime {onnxruntime.__version__}; expected: an integer kernel in every row")
seen = {}
for form in [("MatMul",), ("MatMul", "Add"), ("Gemm", "Add"), ("MatMul", "Relu")]:
    seen[form] = layer(*form)
    print(f"seen, {' + '.join(form)}: {' '.join(seen[form])}")
assert "MatMulIntegerToFloat" in seen["MatMul",], "this has changed"
assert "QGemm" in seen["Gemm", "Add"], "this has changed"
assert "Gemm" in seen["MatMul", "Add"], "this has changed"
assert "MatMul" in seen["MatMul", "Relu"], "this has changed"
PYTHON
