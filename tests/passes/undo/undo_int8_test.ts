import assert from "node:assert/strict";
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
  assert.deepEqual(left.map(({ why }) => why), ["its weights are no constants"]);
});
