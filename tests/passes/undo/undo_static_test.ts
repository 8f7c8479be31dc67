import assert from "node:assert/strict";
import type { Model } from "../../../lib/onnx/model.ts";
import { readTensorProto } from "../../../lib/onnx/tensor_proto.ts";
import { integersOf } from "../../../lib/passes/known_integers.ts";
import { undoInt8 } from "../../../lib/passes/undo/undo_int8.ts";
import { Float16Elements } from "../../../lib/tensor/float16_array.ts";
import { float32 as floats, type Tensor } from "../../../lib/tensor/tensor.ts";
import { modelOf, random, run } from "../fixtures.ts";

const scalar = (value: number) => floats([], Float32Array.of(value));
const zero = (type: "uint8" | "int8", value: number): Tensor =>
  type === "uint8"
    ? { type, dims: [], data: Uint8Array.of(value) }
    : { type, dims: [], data: Int8Array.of(value) };
const operators = ({ graph }: Model) => graph.node.map(({ opType }) => opType);

Deno.test("undoInt8() reads a layer between Q and DQ in float32, and writes the Relu again that its range hid", async () => {
  const model = modelOf(
    `input x float32[1, 2]
     output y float32[1, 2]
     q = QuantizeLinear(x, s, z); d = DequantizeLinear(q, s, z)
     w = DequantizeLinear(wq, ws, wz); b = DequantizeLinear(bq, bs)
     g = Gemm(d, w, b) @ /fc/Gemm
     gq = QuantizeLinear(g, gs, gz); y = DequantizeLinear(gq, gs, gz)`,
    {
      ...{ s: scalar(0.5), z: zero("uint8", 10), gs: scalar(0.25), gz: zero("uint8", 0) },
      wq: { type: "int8", dims: [2, 2], data: Int8Array.of(2, -4, 6, 8) },
      ...{ ws: scalar(0.5), wz: zero("int8", 0), bs: scalar(0.25) },
      bq: { type: "int32", dims: [2], data: Int32Array.of(4, -8) },
    },
  );
  const undone = undoInt8(model);
  assert.deepEqual(operators(undone.model), ["Gemm", "Relu"]);
  assert.deepEqual(undone.ranges.get("x"), { type: "uint8", scale: 0.5, zeroPoint: 10 });
  // The output itself has the range, as nothing stands between.
  const [relu] = undone.clipped;
  assert.equal(relu, "y");
  assert.deepEqual(undone.ranges.get(relu!), { type: "uint8", scale: 0.25, zeroPoint: 0 });
  const layer = undone.layers.find(({ node }) => node === "/fc/Gemm");
  assert.deepEqual(
    [layer?.form, layer?.activations, layer?.weights, undone.left],
    ["static", "uint8", "int8", []],
  );
  // By hand: [1, 2] times [[1, -2], [3, 4]], and [1, -2]: [8, 4]; of [-1, -2] it is [-6, -8].
  const of = async (
    x: Float32Array,
  ) => [...(await run(undone.model, { x: floats([1, 2], x) })).y!.data];
  assert.deepEqual(await of(Float32Array.of(1, 2)), [8, 4]);
  assert.deepEqual(await of(Float32Array.of(-1, -2)), [0, 0]);
});

Deno.test("undoInt8() reads operators on integers as what they compute, within a step of the file", async () => {
  const model = modelOf(
    `input x float32[1, 3, 6, 6]
     output y float32[1, 4, 3, 3]
     xq = QuantizeLinear(x, xs, xz)
     c = QLinearConv(xq, xs, xz, w, ws, wz, cs, cz, b) {pads=[1, 1, 1, 1]} @ c_quant
     a = com.microsoft::QLinearAdd(c, cs, cz, c, cs, cz, as, az)
     p = MaxPool(a) {kernel_shape=[2, 2], strides=[2, 2]}
     y = DequantizeLinear(p, as, az)`,
    {
      ...{ xs: scalar(0.05), xz: zero("uint8", 128), cs: scalar(0.1), cz: zero("uint8", 120) },
      ...{ as: scalar(0.2), az: zero("uint8", 120) },
      w: {
        ...{ type: "int8", dims: [4, 3, 3, 3] },
        data: Int8Array.from({ length: 108 }, (_, i) => (i * 37) % 61 - 30),
      },
      ws: floats([4], Float32Array.of(0.01, 0.02, 0.01, 0.02)),
      wz: { type: "int8", dims: [4], data: new Int8Array(4) },
      b: { type: "int32", dims: [4], data: Int32Array.of(100, -200, 300, -400) },
    },
  );
  const { model: undone, layers, ranges, left } = undoInt8(model);
  assert.deepEqual(operators(undone), ["Conv", "Add", "MaxPool"]);
  assert.deepEqual([left, layers[0]!.node, layers[0]!.weights], [[], "c", "int8"]);
  assert.equal(ranges.size, 4);
  const conv = undone.graph.node[0]!;
  const constant = (i: number) =>
    undone.graph.initializer.find(({ name }) => name === conv.input[i])!;
  assert.equal(integersOf(constant(1))!.axis, 0);
  // Bias: an integer times the scales of the activation and of the channel.
  assert.deepEqual(
    [...readTensorProto(constant(2)).data as Float32Array].map((value) => Number(value.toFixed(4))),
    [0.05, -0.2, 0.15, -0.4],
  );
  const feeds = { x: random([1, 3, 6, 6], 3) };
  const [float, file] = [await run(undone, feeds), await run(model, feeds)];
  const most = Math.max(
    ...[...float.y!.data].map((value, i) => Math.abs(Number(value) - Number(file.y!.data[i]))),
  );
  assert.ok(most > 0 && most < 0.5, `${most}`);
});

Deno.test("undoInt8() leaves what it cannot undo, by name, and keeps the model's inputs and outputs", () => {
  const model = modelOf(
    `input x float32[1, 2]; input s float32[]
     output q uint8[1, 2]; output y float32[1, 2]
     q = QuantizeLinear(x, s, z) @ own_scale
     k = QuantizeLinear(x, t, z); d = DequantizeLinear(k, u, z) @ another_scale
     y = Relu(d)`,
    { z: zero("uint8", 3), t: scalar(0.5), u: scalar(0.25) },
  );
  const { model: undone, left } = undoInt8(model);
  assert.deepEqual(left.map(({ name, why }) => [name, why]), [
    ["own_scale", "its scale is no constant"],
    ["another_scale", "it reads integers with another scale than they were made with"],
  ]);
  assert.deepEqual(operators(undone), [
    "QuantizeLinear",
    "QuantizeLinear",
    "DequantizeLinear",
    "Relu",
  ]);
  assert.deepEqual(undone.graph.output.map(({ name }) => name), ["q", "y"]);
});

Deno.test("undoInt8() reads a product of integers with a range in the file, and names nothing that it read", () => {
  const model = modelOf(
    `input x float32[1, 2]
     output y float32[1, 2]
     q = QuantizeLinear(x, s, z)
     y = com.microsoft::MatMulIntegerToFloat(q, w, s, ws, z, wz) @ fc`,
    {
      ...{ s: scalar(0.5), z: zero("uint8", 10) },
      w: { type: "uint8", dims: [2, 2], data: Uint8Array.of(128, 129, 130, 131) },
      ws: floats([2], Float32Array.of(0.5, 0.25)),
      wz: { type: "uint8", dims: [2], data: Uint8Array.of(128, 128) },
    },
  );
  const { model: undone, layers, left } = undoInt8(model);
  assert.deepEqual(operators(undone), ["MatMul"]);
  assert.deepEqual([left, layers.map(({ form, weights }) => [form, weights])], [[], [
    ["static", "uint8"],
  ]]);
  const weights = undone.graph.initializer.find(({ name }) =>
    name === undone.graph.node[0]!.input[1]
  );
  assert.deepEqual([...readTensorProto(weights!).data], [0, 0.25, 1, 0.75]);
});

Deno.test("undoInt8() reads ranges whose scales are float16 in float32, and takes them", () => {
  const half: Tensor = { type: "float16", dims: [], data: Float16Elements.from([0.5]) };
  const model = modelOf(
    `input x float16[1, 2]
     output y float16[1, 2]
     q = QuantizeLinear(x, s, z) @ half; y = DequantizeLinear(q, s, z)`,
    { s: half, z: zero("uint8", 3) },
  );
  const { model: undone, ranges, left } = undoInt8(model);
  assert.deepEqual(operators(undone), ["Cast", "Cast"]);
  assert.deepEqual([[...ranges.values()].map(({ scale }) => scale), left], [[0.5], []]);
});

Deno.test("undoInt8() writes the Relu of a convolution with channels last, and knows its range with channels first", () => {
  const { model, ranges, clipped } = undoInt8(modelOf(
    `input x float32[1, 2, 2, 2]
     output y float32[1, 2, 2, 1]
     xq = QuantizeLinear(x, s, z)
     c = com.microsoft::QLinearConv(xq, s, z, w, ws, wz, cs, cz) {channels_last=1} @ c
     y = DequantizeLinear(c, cs, cz)`,
    {
      ...{ s: scalar(0.5), z: zero("uint8", 10), cs: scalar(0.25), cz: zero("uint8", 0) },
      w: { type: "int8", dims: [1, 2, 1, 1], data: Int8Array.of(2, -4) },
      ...{ ws: scalar(0.5), wz: zero("int8", 0) },
    },
  ));
  assert.deepEqual(operators(model), ["Transpose", "Conv", "Relu", "Transpose"]);
  const [first, conv, relu] = model.graph.node;
  assert.deepEqual([...clipped], relu!.output);
  assert.deepEqual(ranges.get(relu!.output[0]!), { type: "uint8", scale: 0.25, zeroPoint: 0 });
  assert.equal(ranges.get(conv!.input[0]!), ranges.get("x"));
  assert.deepEqual(first!.output, [conv!.input[0]]);
});
