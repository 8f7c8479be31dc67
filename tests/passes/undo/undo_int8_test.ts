import assert from "node:assert/strict";
import type { Model } from "../../../lib/onnx/model.ts";
import type { TensorProto } from "../../../lib/onnx/onnx_pb.ts";
import { readTensorProto } from "../../../lib/onnx/tensor_proto.ts";
import { integersOf } from "../../../lib/passes/known_integers.ts";
import { undoInt8 } from "../../../lib/passes/undo/undo_int8.ts";
import { float32 as floats } from "../../../lib/tensor/tensor.ts";
import { error, modelOf, random, run } from "../fixtures.ts";

const scalar = (value: number) => floats([], Float32Array.of(value));

Deno.test("undoInt8() makes a table of integers before a Gather and blocks of weights constants that know them", async () => {
  const model = modelOf(
    `input i int64[2]
     output y float32[2, 2]
     d = DequantizeLinear(t, s, z); g = Gather(d, i)
     w = DequantizeLinear(b, bs) {axis=0, block_size=2}; y = MatMul(g, w)`,
    {
      t: { type: "uint8", dims: [2, 4], data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) },
      s: scalar(0.5),
      z: { type: "uint8", dims: [], data: Uint8Array.of(3) },
      b: { type: "int8", dims: [4, 2], data: Int8Array.of(1, 2, 3, 4, 5, 6, 7, 8) },
      bs: floats([2, 2], Float32Array.of(1, 10, 100, 1000)),
    },
  );
  const { model: undone, layers, left } = undoInt8(model);
  assert.deepEqual(undone.graph.node.map(({ opType }) => opType), ["Gather", "MatMul"]);
  const [d, w] = ["d", "w"].map((name) =>
    undone.graph.initializer.find((tensor) => tensor.name === name)!
  );
  assert.deepEqual([...readTensorProto(d!).data], [-1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5]);
  assert.deepEqual([...readTensorProto(w!).data], [1, 20, 3, 40, 500, 6000, 700, 8000]);
  assert.equal(integersOf(w)?.blockSize, 2);
  assert.deepEqual(layers.map(({ form, weights }) => [form, weights]), [
    ["weights", "uint8"],
    ["weights", "int8"],
  ]);
  assert.deepEqual(left, []);
  const feeds = { i: { type: "int64", dims: [2], data: BigInt64Array.of(1n, 0n) } } as const;
  // By hand: [1, 1.5, 2, 2.5] and [-1, -0.5, 0, 0.5] times the weights.
  const { y } = await run(undone, feeds);
  assert.deepEqual([...y!.data], [2755.5, 32080, 347.5, 3960]);
});

Deno.test("undoInt8() leaves no scale or zero point behind that nothing reads", () => {
  const model = modelOf(
    `input x float32[1, 2]
     output y float32[1, 2]
     w = DequantizeLinear(b, s, z); y = MatMul(x, w)`,
    {
      b: { type: "int8", dims: [2, 2], data: Int8Array.of(1, 2, 3, 4) },
      s: scalar(0.5),
      z: { type: "int8", dims: [], data: Int8Array.of(0) },
    },
  );
  const { initializer } = undoInt8(model).model.graph;
  assert.deepEqual(initializer.map(({ name }) => name), ["w"]);
});

Deno.test("undoInt8() reads packed 4-bit weights as the runtime computes with them", async () => {
  const bytes = Uint8Array.from({ length: 3 * 2 * 8 }, (_, i) => (i * 37 + 11) & 255);
  const model = modelOf(
    `input x float32[2, 32]
     output y float32[2, 3]
     y = com.microsoft::MatMulNBits(x, b, s, z) {K=32, N=3, bits=4, block_size=16}`,
    {
      b: { type: "uint8", dims: [3, 2, 8], data: bytes },
      s: floats([6], Float32Array.of(0.1, 0.2, 0.3, 0.4, 0.5, 0.6)),
      z: { type: "uint8", dims: [3], data: Uint8Array.of(0x83, 0x57, 0x1f) },
    },
  );
  const { model: undone, layers } = undoInt8(model);
  assert.deepEqual(undone.graph.node.map(({ opType }) => opType), ["MatMul"]);
  assert.equal(layers[0]?.weights, "uint4");
  const feeds = { x: random([2, 32], 4) };
  assert.ok(error(await run(undone, feeds), await run(model, feeds)) < 1e-5);
});

Deno.test("undoInt8() makes dynamic products float32, several of one activation, and names those it cannot", () => {
  const model = modelOf(
    `input x float32[2, 2]
     input v int8[2, 2]
     output y float32[2, 2]
     output k float32[2, 2]
     output p int32[2, 2]
     q, s, z = DynamicQuantizeLinear(x)
     a = MatMulInteger(q, w, z, wz); b = Cast(a) {to=1}; c = Mul(s, ws); y = Mul(b, c)
     e = MatMulInteger(q, u, z); f = Cast(e) {to=1}; g = Mul(s, us); k = Mul(f, g)
     p = MatMulInteger(q, v, z)`,
    {
      w: { type: "uint8", dims: [2, 2], data: Uint8Array.of(129, 126, 128, 132) },
      wz: { type: "uint8", dims: [], data: Uint8Array.of(128) },
      ws: scalar(0.5),
      u: { type: "int8", dims: [2, 2], data: Int8Array.of(1, 2, 3, 4) },
      us: floats([2], Float32Array.of(2, 4)),
    },
  );
  const { model: undone, layers, left } = undoInt8(model);
  const values = undone.graph.node.filter(({ opType }) => opType === "MatMul").map((node) => {
    const weights = undone.graph.initializer.find(({ name }) => name === node.input[1])!;
    assert.ok(integersOf(weights));
    return [node.input[0], node.output[0], ...readTensorProto(weights).data];
  });
  assert.deepEqual(values, [["x", "y", 0.5, -1, 0, 2], ["x", "k", 2, 8, 6, 16]]);
  assert.deepEqual(layers.map(({ form }) => form), ["dynamic", "dynamic"]);
  assert.deepEqual(left.map(({ why }) => why), ["its sums are read as integers"]);
});

/** The float32 constant that a node reads. */
function constantOf(model: Model, name: string): TensorProto {
  return model.graph.initializer.find((tensor) => tensor.name === name)!;
}

Deno.test("undoInt8() follows Cast, Sub and Mul through layouts, and keeps blocks and channels apart", () => {
  const model = modelOf(
    `input x float32[1, 3]
     output y float32[1, 2]
     output k float32[1, 2]
     c = Cast(q) {to=1}; d = Sub(c, z); e = Mul(s, d); w = Transpose(e) {perm=[1, 0]}
     y = MatMul(x, w)
     b = Cast(p) {to=1}; m = Mul(b, bs); f = Reshape(m, flat)
     cut = Slice(f, start, end, axis); k = Gemm(x, cut) {transB=1}`,
    {
      q: { type: "uint8", dims: [2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) },
      z: floats([2, 1], Float32Array.of(1, 4)),
      s: floats([2, 1], Float32Array.of(10, 100)),
      p: { type: "int8", dims: [2, 2, 2], data: Int8Array.of(1, 2, 3, 4, 5, 6, 7, 8) },
      bs: floats([2, 2, 1], Float32Array.of(1, 10, 100, 1000)),
      flat: { type: "int64", dims: [2], data: BigInt64Array.of(2n, 4n) },
      start: { type: "int64", dims: [1], data: BigInt64Array.of(0n) },
      end: { type: "int64", dims: [1], data: BigInt64Array.of(3n) },
      axis: { type: "int64", dims: [1], data: BigInt64Array.of(1n) },
    },
  );
  const { model: undone, layers, left } = undoInt8(model);
  assert.deepEqual(undone.graph.node.map(({ opType }) => opType), ["MatMul", "Gemm"]);
  const [w, cut] = ["w", "cut"].map((name) => constantOf(undone, name));
  assert.deepEqual([...readTensorProto(w!).data], [0, 0, 10, 100, 20, 200]);
  assert.deepEqual([...readTensorProto(cut!).data], [1, 2, 30, 500, 600, 7000]);
  assert.equal(integersOf(w)?.axis, 1);
  const { axis, blockSize, scales } = integersOf(cut)!;
  assert.deepEqual([axis, blockSize, ...scales], [1, 2, 1, 10, 100, 1000]);
  assert.equal(layers.length, 2);
  assert.deepEqual(left, []);
});

Deno.test("undoInt8() gathers rows of float32 where the file makes floats of the rows", () => {
  const model = modelOf(
    `input i int64[2]
     output y float32[2, 2]
     output k float32[2, 2]
     r = Gather(t, i); y = DequantizeLinear(r, s)
     g = Gather(t, i); c = Cast(g) {to=1}; h = Gather(hs, i); k = Mul(c, h)`,
    {
      t: { type: "int8", dims: [3, 2], data: Int8Array.of(1, 2, 3, 4, 5, 6) },
      s: scalar(0.5),
      hs: floats([3, 1], Float32Array.of(1, 10, 100)),
    },
  );
  const { model: undone } = undoInt8(model);
  assert.deepEqual(undone.graph.node.map(({ opType, output }) => opType + output), [
    "Gathery",
    "Gatherk",
  ]);
  const tables = undone.graph.node.map((
    { input },
  ) => [...readTensorProto(constantOf(undone, input[0]!)).data]);
  assert.deepEqual(tables, [[0.5, 1, 1.5, 2, 2.5, 3], [1, 2, 30, 40, 500, 600]]);
});

Deno.test("undoInt8() reads packed rows, and a packed product with a bias, as the runtime does", async () => {
  const bytes = (count: number) => Uint8Array.from({ length: count }, (_, i) => (i * 91 + 7) & 255);
  const model = modelOf(
    `input i int64[2]
     output y float32[2, 3]
     g = com.microsoft::GatherBlockQuantized(t, i, ts, tz) {bits=4, block_size=16, quantize_axis=1}
     y = com.microsoft::MatMulNBits(g, b, s, bias) {K=32, N=3, bits=8, block_size=16}`,
    {
      t: { type: "uint8", dims: [4, 16], data: bytes(64) },
      ts: random([4, 2], 3),
      tz: { type: "uint8", dims: [4, 1], data: bytes(4) },
      b: { type: "uint8", dims: [3, 2, 16], data: bytes(96) },
      s: random([3, 2], 5),
      bias: random([3], 6),
    },
  );
  // No zero points and no order of groups.
  model.graph.node[1]!.input.splice(3, 0, "", "");
  const { model: undone } = undoInt8(model);
  assert.deepEqual(undone.graph.node.map(({ opType }) => opType), ["Gather", "MatMul", "Add"]);
  const feeds = { i: { type: "int64", dims: [2], data: BigInt64Array.of(3n, 1n) } } as const;
  assert.ok(error(await run(undone, feeds), await run(model, feeds)) < 1e-5);
});

Deno.test("undoInt8() makes onnxruntime's own dynamic operators MatMul and LSTM, as close as 8 bits are", async () => {
  const integers = (dims: number[], seed: number) => {
    const { data } = random(dims, seed, 40);
    return {
      type: "int8",
      dims,
      data: Int8Array.from(data, (x) => Math.max(-127, Math.min(x, 127))),
    } as const;
  };
  const model = modelOf(
    `input x float32[3, 1, 4]
     output y float32[3, 2, 1, 8]
     output k float32[3, 1, 5]
     output m float32[3, 1, 5]
     k = com.microsoft::DynamicQuantizeMatMul(x, a, as) @ one
     q, s, z = DynamicQuantizeLinear(x)
     m = com.microsoft::MatMulIntegerToFloat(q, a, s, as, z) @ two
     y = com.microsoft::DynamicQuantizeLSTM(x, w, r, ws, wz, rs, rz) {hidden_size=8, direction="bidirectional"} @ lstm_quant`,
    {
      a: integers([4, 5], 1),
      as: floats([5], Float32Array.of(0.01, 0.02, 0.03, 0.04, 0.05)),
      w: integers([2, 4, 32], 2),
      ws: floats([2, 32], random([64], 3).data.map((x) => 0.005 + 0.002 * Math.abs(x))),
      wz: { type: "int8", dims: [2, 32], data: new Int8Array(64) },
      r: integers([2, 8, 32], 4),
      rs: floats([2], Float32Array.of(0.004, 0.006)),
      rz: { type: "int8", dims: [2], data: new Int8Array(2) },
    },
  );
  // No bias, lengths, states or peepholes.
  model.graph.node[3]!.input.splice(3, 0, "", "", "", "", "");
  const { model: undone, layers, left } = undoInt8(model);
  assert.deepEqual(undone.graph.node.map(({ opType }) => opType), ["MatMul", "MatMul", "LSTM"]);
  assert.deepEqual(layers.map(({ node }) => node), ["one", "two", "lstm"]);
  assert.deepEqual(left, []);
  const feeds = { x: random([3, 1, 4], 8) };
  assert.ok(error(await run(undone, feeds), await run(model, feeds)) < 0.03);
});

Deno.test("undoInt8() has a dynamic Conv with a scale for each channel, and names ranges that something else reads", () => {
  const model = modelOf(
    `input x float32[1, 1, 2, 2]
     output y float32[1, 2, 2, 2]
     output o float32[1, 1, 2, 2]
     q, s, z = DynamicQuantizeLinear(x) @ ranges; o = Cast(q) {to=1}
     a = ConvInteger(q, w, z, wz) {kernel_shape=[1, 1]} @ conv_quant; b = Cast(a) {to=1}
     c = Mul(s, ws); y = Mul(b, c)`,
    {
      w: { type: "uint8", dims: [2, 1, 1, 1], data: Uint8Array.of(130, 120) },
      wz: { type: "uint8", dims: [], data: Uint8Array.of(128) },
      ws: floats([2, 1, 1], Float32Array.of(0.5, 2)),
    },
  );
  const { model: undone, left } = undoInt8(model);
  const conv = undone.graph.node.find(({ opType }) => opType === "Conv")!;
  assert.deepEqual([conv.name, conv.input[0]], ["conv", "x"]);
  assert.deepEqual([...readTensorProto(constantOf(undone, conv.input[1]!)).data], [1, -16]);
  const ranges = left.filter(({ name }) => name === "ranges");
  assert.deepEqual(ranges.map(({ name, why }) => [name, why]), [
    ["ranges", "Cast reads its integers"],
  ]);
});

Deno.test("undoInt8() takes weights that are stored one below the other apart, with the scales of each", () => {
  const model = modelOf(
    `input x float32[1, 2]
     output y float32[1, 2]; output z float32[1, 1]
     c = Cast(q) {to=1}; m = Mul(c, s); v, w = Split(m, n) {axis=0}
     y = Gemm(x, v) {transB=1}; z = Gemm(x, w) {transB=1}`,
    {
      q: { type: "int8", dims: [3, 2], data: Int8Array.of(1, 2, 3, 4, 5, 6) },
      s: floats([3, 1], Float32Array.of(1, 10, 100)),
      n: { type: "int64", dims: [2], data: BigInt64Array.of(2n, 1n) },
    },
  );
  const { model: undone, left } = undoInt8(model);
  assert.deepEqual([undone.graph.node.map(({ opType }) => opType), left], [["Gemm", "Gemm"], []]);
  const known = ["v", "w"].map((name) => integersOf(constantOf(undone, name))!);
  assert.deepEqual(known.map(({ integers, scales }) => [[...integers.data], [...scales]]), [
    [[1, 2, 3, 4], [1, 10]],
    [[5, 6], [100]],
  ]);
});

Deno.test("undoInt8() gives each row blocks of its own where those of a file reach over rows", () => {
  const model = modelOf(
    `input x float32[1, 6]
     output y float32[1, 4]
     c = Cast(q) {to=1}; d = Sub(c, z); m = Mul(d, s); w = Reshape(m, n); y = Gemm(x, w) {transB=1}`,
    {
      q: { type: "int8", dims: [3, 8], data: Int8Array.from({ length: 24 }, (_, i) => i) },
      z: floats([3, 1], Float32Array.of(0, 8, 0)),
      s: floats([3, 1], Float32Array.of(1, 10, 100)),
      n: { type: "int64", dims: [2], data: BigInt64Array.of(4n, 6n) },
    },
  );
  const { model: undone, layers } = undoInt8(model);
  const weights = constantOf(undone, "w");
  const { axis, blockSize, scales, zeroPoints } = integersOf(weights)!;
  // Eight and six have two in common.
  assert.deepEqual([axis, blockSize, layers.length], [1, 2, 1]);
  assert.deepEqual([...scales], [1, 1, 1, 1, 10, 10, 10, 10, 100, 100, 100, 100]);
  assert.deepEqual([...zeroPoints], [0, 0, 0, 0, 8, 8, 8, 8, 0, 0, 0, 0]);
  assert.deepEqual([...readTensorProto(weights).data].slice(6, 10), [6, 7, 0, 10]);
});

Deno.test("undoInt8() gives rows that several dequantize a name each", async () => {
  const model = modelOf(
    `input i int64[2]
     output y float32[2, 2]; output z float32[2, 2]
     q = Gather(t, i) @ Gather_1
     y = DequantizeLinear(q, s); z = DequantizeLinear(q, s)`,
    { t: { type: "uint8", dims: [2, 2], data: Uint8Array.of(1, 2, 3, 4) }, s: scalar(0.5) },
  );
  const { model: undone } = undoInt8(model);
  const names = undone.graph.node.map(({ opType, name }) => [opType, name]);
  assert.deepEqual(names.map(([opType]) => opType), ["Gather", "Gather"]);
  assert.equal(new Set(names.map(([, name]) => name)).size, 2);
  const feeds = { i: { type: "int64", dims: [2], data: BigInt64Array.of(1n, 0n) } } as const;
  const { y, z } = await run(undone, feeds);
  assert.deepEqual([[...y!.data], [...z!.data]], [[1.5, 2, 0.5, 1], [1.5, 2, 0.5, 1]]);
});
