#!/usr/bin/env bash
# onnxruntime 1.32.0 (its quantizer and CPU; 1.30.0 was seen to do the same), onnx 1.23.2.
#
# Three convolutions share one bias, "bias", which is how some converters fold equal constants. quantize_static, with
# every default, gives each its own copy, named "bias0" and "bias1". One would expect it to look for a free name
# first. It does not: where the network has a tensor called "bias1" already, everything that read that tensor now
# reads the copy of the bias. The file passes onnx's checker, loads and runs, and what it computes is wrong; the same
# network with that one tensor renamed is quantized well.
#
# Why it matters: converters do write such names (a bias "conv1d_25" beside a result "conv1d_252"). Where shapes
# happen not to broadcast, the file does not load, with an error about a Transpose that nobody has touched; where they
# do, nothing tells.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnxruntime==1.32.0 onnx==1.23.2
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import logging

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, quantize_static

onnxruntime.set_default_logger_severity(3)
logging.disable(logging.WARNING)
random = numpy.random.default_rng(0)
weights = {name: random.standard_normal((4, 4, 3, 3)).astype(numpy.float32) / 6 for name in ("w0", "w1", "w2")}
bias = numpy.float32([0.5, -0.5, 0.25, -0.25])
samples = [{"x": random.standard_normal((1, 4, 4, 4)).astype(numpy.float32)} for _ in range(8)]


class Samples(CalibrationDataReader):
    def __init__(self):
        self.left = iter(samples)

    def get_next(self):
        return next(self.left, None)


def network(third):
    """Three convolutions of one bias; the result of the last is called `third`."""
    pads = {"pads": [1, 1, 1, 1]}
    nodes = [
        helper.make_node("Conv", ["x", "w0", "bias"], ["first"], name="conv0", **pads),
        helper.make_node("Conv", ["first", "w1", "bias"], ["second"], name="conv1", **pads),
        helper.make_node("Conv", ["second", "w2", "bias"], [third], name="conv2", **pads),
        helper.make_node("Add", ["first", third], ["y"], name="sum"),
    ]
    of = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4, 4, 4])
    tensors = [numpy_helper.from_array(w, name) for name, w in [*weights.items(), ("bias", bias)]]
    graph = helper.make_graph(nodes, "g", [of("x")], [of("y")], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def run(path):
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, samples[0])[0]


def error(third):
    """Distance of the int8 network's result from the float32 one's, as a share of it."""
    onnx.save(network(third), "float32.onnx")
    quantize_static("float32.onnx", "int8.onnx", Samples())
    onnx.checker.check_model("int8.onnx")
    exact, int8 = run("float32.onnx"), run("int8.onnx")
    off = float(numpy.abs(exact - int8).max() / numpy.abs(exact).max())
    print(f"seen, {third}: off by {off:.3f}")
    return off


print(f"onnxruntime {onnxruntime.__version__}; expected: an error of some hundredths, whatever the tensor is called")
assert error("third") < 0.1, "this has changed"
assert error("bias1") > 0.3, "this has changed"
PYTHON
