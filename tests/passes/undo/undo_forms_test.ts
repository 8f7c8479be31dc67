import assert from "node:assert/strict";
import type { Model } from "../../../lib/onnx/model.ts";
import { readTensorProto } from "../../../lib/onnx/tensor_proto.ts";
import { integersOf } from "../../../lib/passes/known_integers.ts";
import { undoInt8 } from "../../../lib/passes/undo/undo_int8.ts";
import { Float16Elements } from "../../../lib/tensor/float16_array.ts";
import { float32 as floats, type Tensor } from "../../../lib/tensor/tensor.ts";
import { error, modelOf, random, run } from "../fixtures.ts";

const scalar = (value: number) => floats([], Float32Array.of(value));
const uint8 = (...data: number[]): Tensor => ({
  type: "uint8",
  dims: data.length === 1 ? [] : [data.length],
  data: Uint8Array.from(data),
});
const int8 = (dims: readonly number[], data: readonly number[]): Tensor => ({
  ...{ type: "int8", dims },
  data: Int8Array.from(data),
});
const operators = ({ graph }: Model) => graph.node.map(({ opType }) => opType);
const reasons = ({ left }: ReturnType<typeof undoInt8>) => left.map(({ name, why }) => [name, why]);

/** The integers and values of the weights that the first node of an operator reads. */
function weightsOf({ graph }: Model, opType: string, at = 1) {
  const node = graph.node.find((one) => one.opType === opType)!;
  const tensor = graph.initializer.find(({ name }) => name === node.input[at])!;
  const known = integersOf(tensor);
  return {
    integers: known && [...known.integers.data],
    axis: known?.axis,
    values: [...readTensorProto(tensor).data],
  };
}

Deno.test("undoInt8() knows the integers of weights that a file quantizes at run time, as training leaves them", async () => {
  const model = modelOf(
    `input x float32[1, 2]
     output y float32[1, 2]
     z = Cast(zi) {to=2}; wz = Cast(wzi) {to=3}
     q = QuantizeLinear(x, s, z); c = Clip(q, "", most); d = DequantizeLinear(c, s, z)
     t = Transpose(w) {perm=[1, 0]}
     wq = QuantizeLinear(t, ws, wz) {axis=0}; wc = Clip(wq, least)
     wd = DequantizeLinear(wc, ws, wz) {axis=0}
     g = Gemm(d, wd) {transB=1}
     gq = QuantizeLinear(g, s, zero); gc = Clip(gq, zero, most); y = DequantizeLinear(gc, s, zero)`,
    {
      ...{ s: scalar(0.5), most: uint8(127), zero: uint8(0) },
      zi: { type: "int32", dims: [], data: Int32Array.of(64) },
      wzi: { type: "int32", dims: [2], data: Int32Array.of(0, 0) },
      w: floats([2, 2], Float32Array.of(1.1, 2, -400, 4)),
      ws: floats([2], Float32Array.of(0.5, 1)),
      least: int8([], [-127]),
    },
  );
  const undone = undoInt8(model);
  // The Relu that a Clip from zero on stands for is written again.
  assert.deepEqual(operators(undone.model), ["Gemm", "Relu"]);
  assert.deepEqual(weightsOf(undone.model, "Gemm"), {
    integers: [2, -127, 2, 4],
    axis: 0,
    values: [1, -63.5, 2, 4],
  });
  assert.deepEqual(undone.ranges.get("x"), { type: "uint8", scale: 0.5, zeroPoint: 64 });
  assert.deepEqual(undone.left, []);
  const feeds = { x: floats([1, 2], Float32Array.of(2, 1)) };
  const [float, file] = [await run(undone.model, feeds), await run(model, feeds)];
  assert.deepEqual([...float.y!.data], [...file.y!.data]);
});

Deno.test("undoInt8() knows four-bit weights that are quantized at run time, and onnxruntime's own DequantizeLinear", () => {
  const model = modelOf(
    `input x float32[1, 2]
     output y float32[1, 2]
     q = QuantizeLinear(w, s) {output_dtype=22}; d = DequantizeLinear(q, s); a = MatMul(x, d)
     e = com.microsoft::DequantizeLinear(v, s, z); y = Gemm(a, e)`,
    {
      w: floats([2, 2], Float32Array.of(1, -2, 3, 40)),
      s: scalar(1),
      v: int8([2, 2], [1, 2, 3, 4]),
      z: int8([], [1]),
    },
    21,
  );
  const { model: undone, left, layers } = undoInt8(model);
  assert.deepEqual(weightsOf(undone, "MatMul").integers, [1, -2, 3, 7]);
  assert.deepEqual(weightsOf(undone, "Gemm").values, [0, 1, 2, 3]);
  assert.deepEqual([left, layers.map(({ weights }) => weights)], [[], ["int4", "int8"]]);
});

Deno.test("undoInt8() reads products of rows of a table, of two activations, and with weights first", async () => {
  const model = modelOf(
    `input i int64[2]
     input x float32[2, 3]
     output y float32[2, 2]; output p float32[2, 2]; output k float32[4, 3]
     r = Gather(t, i)
     a = MatMulInteger(r, w, tz, wz); b = Cast(a) {to=1}; c = Mul(ts, ws); y = Mul(b, c)
     u = Transpose(x)
     q, qs, qz = DynamicQuantizeLinear(x); v, vs, vz = DynamicQuantizeLinear(u)
     d = MatMulInteger(q, v, qz, vz); e = Cast(d) {to=1}; f = Mul(qs, vs); p = Mul(e, f)
     g = MatMulInteger(l, q, lz, qz); h = Cast(g) {to=1}; m = Mul(ls, qs); k = Mul(h, m)`,
    {
      t: { type: "uint8", dims: [3, 2], data: Uint8Array.of(1, 2, 3, 4, 5, 6) },
      ...{ ts: scalar(0.5), tz: uint8(2), ws: floats([2], Float32Array.of(1, 2)) },
      ...{ w: int8([2, 2], [1, 2, 3, 4]), wz: int8([], [0]) },
      l: { type: "uint8", dims: [4, 2], data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) },
      ...{ ls: floats([4, 1], Float32Array.of(1, 2, 3, 4)), lz: uint8(1) },
    },
  );
  const undone = undoInt8(model);
  assert.deepEqual(operators(undone.model).filter((one) => one !== "Transpose"), [
    ...["Gather", "MatMul", "MatMul", "MatMul"],
  ]);
  assert.deepEqual(undone.left, []);
  const feeds = {
    i: { type: "int64", dims: [2], data: BigInt64Array.of(2n, 0n) },
    x: random([2, 3], 5),
  } as const;
  const [float, file] = [await run(undone.model, feeds), await run(model, feeds)];
  // By hand: rows [1.5, 2] and [-0.5, 0] times [[1, 4], [3, 8]].
  assert.deepEqual([...float.y!.data], [7.5, 22, -0.5, -2]);
  assert.ok(error(float, file) < 0.01);
});

Deno.test("undoInt8() reads operators on integers that an input or an unknown operator makes, and names these", async () => {
  const model = modelOf(
    `input x uint8[1, 2]
     output y float32[1, 2]; output k float32[1, 2]
     m = QLinearMatMul(x, s, z, w, ws, wz, s, z) @ fc; y = DequantizeLinear(m, s, z)
     f = Relu(y); c = Cast(f) {to=2}
     a = com.microsoft::QLinearAdd(c, s, z, m, s, z, s, z); k = DequantizeLinear(a, s, z)`,
    {
      ...{ s: scalar(0.5), z: uint8(4), ws: scalar(0.25), wz: int8([], [0]) },
      w: int8([2, 2], [4, 0, 0, 8]),
    },
  );
  const undone = undoInt8(model);
  assert.deepEqual(reasons(undone).map(([, why]) => why), [
    "its integers are an input of the graph",
    "Cast makes its integers",
  ]);
  assert.deepEqual(undone.layers.map(({ node }) => node), ["fc", ""]);
  const feeds = { x: { type: "uint8", dims: [1, 2], data: Uint8Array.of(8, 6) } } as const;
  // By hand: [2, 1] times [[1, 0], [0, 2]].
  const { y } = await run(undone.model, feeds);
  assert.deepEqual([...y!.data], [2, 2]);
});

Deno.test("undoInt8() reads scales of float16 in float32, and keeps the types of inputs and outputs", async () => {
  const half = (...values: number[]): Tensor => ({
    ...{ type: "float16", dims: values.length === 1 ? [] : [values.length] },
    data: Float16Elements.from(values),
  });
  const model = modelOf(
    `input x float16[1, 32]
     output y float16[1, 1]
     y = com.microsoft::MatMulNBits(x, b, s) {K=32, N=1, bits=4, block_size=16}`,
    {
      b: {
        ...{ type: "uint8", dims: [1, 2, 8] },
        data: Uint8Array.from({ length: 16 }, (_, i) => i * 17),
      },
      s: half(0.5, 2),
    },
  );
  const undone = undoInt8(model);
  assert.deepEqual(operators(undone.model), ["Cast", "MatMul", "Cast"]);
  assert.deepEqual([undone.left, undone.layers[0]?.weights], [[], "uint4"]);
  const data = Float16Elements.from({ length: 32 }, (_, i) => i < 16 ? 1 : 0);
  const { y } = await run(undone.model, { x: { type: "float16", dims: [1, 32], data } });
  // By hand: twice the sum of 0 to 7, less 16 times 8, halved.
  assert.deepEqual([y!.type, Number(new Float32Array(y!.data as Float16Array)[0])], [
    "float16",
    -36,
  ]);
});

Deno.test("undoInt8() names operators of other tools on integers, and integers of 16 bits, beside what it reads", () => {
  const model = modelOf(
    `input x float32[1, 2]
     output y float32[1, 2]; output k float32[1, 2100]; output n float32[1, 2]
     n = other.tool::Product(x, v) @ foreign
     h = DequantizeLinear(v16, s) @ wide; k = MatMul(x, h)
     q = QuantizeLinear(x, s, z) @ ranges; p = com.microsoft::QLinearWhere(c, q, s, z, q, s, z, s, z) @ where
     d = DequantizeLinear(p, s, z) @ floats; w = DequantizeLinear(v, s); y = MatMul(d, w)`,
    {
      ...{ s: scalar(0.5), z: uint8(4), v: int8([2, 2], [1, 2, 3, 4]) },
      v16: { type: "int16", dims: [2, 2100], data: new Int16Array(4200) },
      c: { type: "bool", dims: [1, 2], data: Uint8Array.of(1, 0) },
    },
    21,
  );
  const undone = undoInt8(model);
  assert.deepEqual(reasons(undone), [
    ["foreign", "operators of the domain other.tool are not known here"],
    ["wide", "its integers are int16"],
    ["where", "there is no float32 form of this operator here"],
    ["floats", "QLinearWhere makes its integers"],
  ]);
  const known = undone.model.graph.initializer.filter((tensor) => integersOf(tensor));
  assert.deepEqual(known.map(({ name }) => name), ["w"]);
});

Deno.test("undoInt8() takes onnxruntime's attention and embeddings on integers apart, as close as 8 bits are", async () => {
  const bytes = (dims: number[], seed: number): Tensor => ({
    ...{ type: "uint8", dims },
    data: Uint8Array.from(random(dims, seed, 40).data, (x) => Math.max(0, Math.min(128 + x, 255))),
  });
  const model = modelOf(
    `input ids int32[1, 3]; input kinds int32[1, 3]; input mask int32[1, 3]
     output y float32[1, 3, 8]
     e, m = com.microsoft::QEmbedLayerNormalization(ids, kinds, we, pe, se, ga, be, mask, s, s, s, s, s, z, z, z, z, z) @ emb_quant
     q, qs, qz = DynamicQuantizeLinear(e)
     y = com.microsoft::QAttention(q, w, b, qs, ws, m, qz, z) {num_heads=2} @ att_quant`,
    {
      ...{ we: bytes([5, 8], 1), pe: bytes([4, 8], 2), se: bytes([2, 8], 3) },
      ...{ ga: bytes([8], 4), be: bytes([8], 5), s: scalar(0.02), z: uint8(128) },
      ...{ w: bytes([8, 24], 6), ws: scalar(0.01), b: random([24], 7) },
    },
  );
  const undone = undoInt8(model);
  assert.deepEqual(undone.left, []);
  const attention = undone.layers.find(({ node }) => node === "att");
  assert.deepEqual([attention?.form, attention?.weights], ["dynamic", "uint8"]);
  const ids = (...values: number[]): Tensor => ({
    ...{ type: "int32", dims: [1, 3] },
    data: Int32Array.from(values),
  });
  const feeds = { ids: ids(4, 0, 2), kinds: ids(0, 1, 1), mask: ids(1, 1, 0) };
  assert.ok(error(await run(undone.model, feeds), await run(model, feeds)) < 0.02);
});

Deno.test("undoInt8() has rows of a table that the file moves as integers, and a bias of 16 bits", async () => {
  const model = modelOf(
    `input i int64[2]
     output y float32[2, 2]
     r = Gather(t, i); p = Transpose(r) {perm=[1, 0]}; d = DequantizeLinear(p, s, z)
     b = com.microsoft::DequantizeLinear(b16, s, b0); y = Add(d, b)`,
    {
      t: { type: "uint8", dims: [3, 2], data: Uint8Array.of(1, 2, 3, 4, 5, 6) },
      ...{ s: scalar(0.5), z: uint8(1) },
      b16: { type: "uint16", dims: [2], data: Uint16Array.of(1000, 1002) },
      b0: { type: "uint16", dims: [], data: Uint16Array.of(1000) },
    },
  );
  const { model: undone, left } = undoInt8(model);
  assert.deepEqual([operators(undone), left], [["Gather", "Transpose", "Add"], []]);
  const feeds = { i: { type: "int64", dims: [2], data: BigInt64Array.of(2n, 0n) } } as const;
  const { y } = await run(undone, feeds);
  // By hand: rows [2, 2.5] and [0, 0.5], turned, and 0 and 1 beside.
  assert.deepEqual([...y!.data], [2, 1, 2.5, 1.5]);
});
