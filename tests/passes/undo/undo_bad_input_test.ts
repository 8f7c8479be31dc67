import assert from "node:assert/strict";
import { allNodes } from "../../../lib/onnx/graph.ts";
import { readTensorProto } from "../../../lib/onnx/tensor_proto.ts";
import { integersOf } from "../../../lib/passes/known_integers.ts";
import { undoInt8 } from "../../../lib/passes/undo/undo_int8.ts";
import { float32 as floats, type Tensor } from "../../../lib/tensor/tensor.ts";
import { error, modelOf, random, run } from "../fixtures.ts";

const scalar = (value: number) => floats([], Float32Array.of(value));
const byte = (value: number): Tensor => ({ type: "uint8", dims: [], data: Uint8Array.of(value) });
const WEIGHTS: Tensor = {
  ...{ type: "int8", dims: [4, 4] },
  data: Int8Array.from({ length: 16 }, (_, i) => (i * 37) % 61 - 30),
};

/** Operators on integers, by name, that stay of a text, each with why. */
function left(text: string, weights: Readonly<Record<string, Tensor>>, opset = 21) {
  const undone = undoInt8(modelOf(text, weights, opset));
  return undone.left.map(({ name, why }) => [name, why]);
}

Deno.test("undoInt8() leaves ranges whose scale is no number above 0, by what is wrong with it", () => {
  for (const scale of [0, -0.5, NaN, Infinity]) {
    const text = `input x float32[1, 4]\noutput y float32[1, 4]
      q = QuantizeLinear(x, s, z) @ Q; y = DequantizeLinear(q, s, z) @ DQ`;
    assert.deepEqual(left(text, { s: scalar(scale), z: byte(3) }), [
      ["Q", "its scale is no single float32 above 0, or its zero point no single constant"],
      ["DQ", "QuantizeLinear makes its integers"],
    ]);
  }
});

Deno.test("undoInt8() leaves weights whose scales are no numbers, do not fit or are no constants, and their zero points", () => {
  const of = (scale: Tensor, attributes = "", zero?: Tensor) =>
    left(
      `input x float32[1, 4]\noutput y float32[1, 4]
       w = DequantizeLinear(v, s${zero ? ", z" : ""}) ${attributes} @ DQ; y = MatMul(x, w)`,
      { v: WEIGHTS, s: scale, ...zero && { z: zero } },
    ).map(([, why]) => why);
  const four = floats([4], Float32Array.of(1, 2, 3, 4));
  assert.deepEqual(of(four, "{axis=-1}"), []);
  assert.deepEqual(of(scalar(NaN)), ["its scales are not finite, or vary in all dimensions"]);
  assert.deepEqual(of(four, "{axis=2}"), ["its scales do not fit its integers"]);
  assert.deepEqual(of(floats([3], new Float32Array(3).fill(1))), [
    "its scales do not fit its integers",
  ]);
  assert.deepEqual(of(four, "", { type: "int8", dims: [], data: Int8Array.of(1) }), [
    "it has not as many zero points as scales",
  ]);
  const text = `input x float32[1, 4]; input s float32[]\noutput y float32[1, 4]
    w = DequantizeLinear(v, s) @ DQ; y = MatMul(x, w)`;
  assert.deepEqual(left(text, { v: WEIGHTS }), [
    ["DQ", "its scale or zero point is no float32 constant"],
  ]);
});

Deno.test("undoInt8() keeps the integers of an output and of an input, and reads what is between", async () => {
  const model = modelOf(
    `input x uint8[1, 4]
     output k uint8[1, 4]
     d = DequantizeLinear(x, s, z) @ first; w = DequantizeLinear(v, t); y = MatMul(d, w) @ fc
     k = QuantizeLinear(y, t, z) @ last`,
    { v: WEIGHTS, s: scalar(0.5), z: byte(128), t: scalar(0.25) },
  );
  const undone = undoInt8(model);
  assert.deepEqual(undone.left.map(({ name, why }) => [name, why]), [
    ["first", "its integers are an input of the graph"],
    ["last", "it makes an output of the graph"],
  ]);
  assert.deepEqual(undone.layers.map(({ node, weights }) => [node, weights]), [["fc", "int8"]]);
  const feeds = { x: { type: "uint8", dims: [1, 4], data: Uint8Array.of(128, 129, 130, 127) } };
  assert.deepEqual(await run(undone.model, feeds as never), await run(model, feeds as never));
});

Deno.test("undoInt8() reads weights that share a scale or differ in it, an odd number of int4, and ranges without zero points", async () => {
  const model = modelOf(
    `input x float32[1, 4]
     output y float32[1, 3]
     q = QuantizeLinear(x, s); p = DequantizeLinear(q, s)
     w = DequantizeLinear(v, s); a = MatMul(p, w)
     u = DequantizeLinear(v, t); b = MatMul(a, u)
     e = DequantizeLinear(v2, t); c = MatMul(b, e)
     o = DequantizeLinear(odd, t) {axis=0}; y = MatMul(c, o)`,
    { v: WEIGHTS, v2: WEIGHTS, s: scalar(0.01), t: scalar(0.02) },
    21,
  );
  // Nine integers of four bits in five bytes.
  const bytes = Uint8Array.of(0xe1, 0xc3, 0xa5, 0x87, 0x10, 0x32);
  model.graph.initializer.push({
    ...structuredClone(model.graph.initializer[0]!),
    ...{ name: "odd", dims: [4n, 3n], dataType: 22, rawData: bytes },
  });
  const undone = undoInt8(model);
  assert.deepEqual([undone.left, undone.layers.length], [[], 4]);
  const values = undone.model.graph.initializer.filter((tensor) => integersOf(tensor)).map(
    (tensor) => [readTensorProto(tensor).data[0], integersOf(tensor)!.integers.data[0]],
  );
  const f = Math.fround;
  assert.deepEqual(values, [
    [f(-30 * f(0.01)), -30],
    ...[[f(-30 * f(0.02)), -30], [f(-30 * f(0.02)), -30], [f(0.02), 1]],
  ]);
  const x = floats([1, 4], Float32Array.of(0.5, 0.25, 1, 2));
  assert.ok(error(await run(undone.model, { x }), await run(model, { x })) < 1e-3);
});

Deno.test("undoInt8() reads If and Loop with weights of the graph around them, and ranges of their own", async () => {
  const model = modelOf(
    `input x float32[2, 4]; input c bool[]; input n int64[]
     output y float32[2, 4]; output k float32[2, 4]
     w = DequantizeLinear(v, t)
     y = If(c) {then_branch=graph a {
       output p float32[2, 4]
       q = QuantizeLinear(x, s, z); r = DequantizeLinear(q, s, z); p = MatMul(r, w)
     }, else_branch=graph b {
       output o float32[2, 4]
       e, es, ez = DynamicQuantizeLinear(x); f = MatMulInteger(e, v, ez); g = Cast(f) {to=1}
       h = Mul(es, t); o = Mul(g, h)
     }}
     k = Loop(n, c, x) {body=graph c {
       input i int64[]; input go bool[]; input state float32[2, 4]
       output on bool[]; output next float32[2, 4]
       on = Identity(go); m = MatMul(state, w); next = Tanh(m)
     }}`,
    { v: WEIGHTS, s: scalar(0.02), z: byte(128), t: scalar(0.01) },
  );
  const undone = undoInt8(model);
  const rest = [...allNodes(undone.model.graph)].map(({ opType }) => opType);
  assert.deepEqual([undone.left, rest.filter((one) => /Quantize|Integer/i.test(one))], [[], []]);
  assert.deepEqual(undone.layers.map(({ form }) => form).toSorted(), [
    ...["dynamic", "static", "weights"],
  ]);
  for (const data of [Uint8Array.of(1), Uint8Array.of(0)]) {
    const feeds = {
      x: random([2, 4], 3),
      c: { type: "bool", dims: [], data },
      n: { type: "int64", dims: [], data: BigInt64Array.of(2n) },
    } as const;
    assert.ok(error(await run(undone.model, feeds), await run(model, feeds)) < 0.02);
  }
});

Deno.test("undoInt8() reads a body with weights around it that the runtime cannot open", async () => {
  const model = modelOf(
    `input x float32[1, 4]; input c bool[]
     output y float32[1, 4]
     y = If(c) {then_branch=graph a {
       output p float32[1, 4]
       u = DequantizeLinear(v, t); p = MatMul(x, u) @ fc
     }, else_branch=graph b {
       output o float32[1, 4]
       o = Relu(x)
     }}`,
    { v: WEIGHTS, t: scalar(0.5) },
  );
  const { model: undone, left, layers } = undoInt8(model);
  assert.deepEqual([left, layers.map(({ node, form }) => [node, form])], [[], [["fc", "weights"]]]);
  const feeds = {
    x: floats([1, 4], Float32Array.of(1, 0, 0, 0)),
    c: { type: "bool", dims: [], data: Uint8Array.of(1) },
  } as const;
  assert.deepEqual([...(await run(undone, feeds)).y!.data], [-15, 3.5, -8.5, 10]);
});
