import assert from "node:assert/strict";
import { valueTypes } from "../../lib/onnx/graph.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { readTensorProto } from "../../lib/onnx/tensor_proto.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { raisedFrom } from "../../lib/passes/raise_floats.ts";
import type { Feeds, Tensor } from "../../lib/tensor/tensor.ts";
import { error, modelOf, random, run } from "./fixtures.ts";

function half(tensor: Tensor<"float32">): Tensor<"float16"> {
  return { type: "float16", dims: tensor.dims, data: Float16Array.from(tensor.data) };
}

function double(tensor: Tensor<"float32">): Tensor<"float64"> {
  return { type: "float64", dims: tensor.dims, data: Float64Array.from(tensor.data) };
}

/** The upper halves of float32 numbers, and what is left of the numbers. */
function brain(tensor: Tensor<"float32">): Tensor<"bfloat16"> {
  const bits = new Uint32Array(tensor.data.slice().buffer);
  return { type: "bfloat16", dims: tensor.dims, data: Uint16Array.from(bits, (one) => one >>> 16) };
}

function operators(model: Model): string {
  return model.graph.node.map(({ opType }) => opType).join(" ");
}

/** Whether a model and what fuse() makes of it give the same, and the same types. */
async function assertKept(model: Model, feeds: Feeds, tolerance: number): Promise<Model> {
  const fused = fuse(model);
  assert.deepEqual(valueTypes(fused.graph), valueTypes(model.graph));
  const [before, after] = [await run(model, feeds), await run(fused, feeds)];
  for (const [name, { type }] of Object.entries(before)) assert.equal(after[name]!.type, type);
  assert.ok(error(after, before) < tolerance);
  const again = fuse(fused);
  assert.equal(again.proto, fused.proto); // nothing to do the second time
  return fused;
}

Deno.test("fuse() computes a float16 network in float32, and drops the Casts around it", async () => {
  const model = modelOf(
    `input x float32[N, 3, 8, 8]
     output y float32[N, 4]
     h = Cast(x) {to=10}; c = Conv(h, w, b); r = Relu(c); g = GlobalAveragePool(r)
     f = Flatten(g); y = Cast(f) {to=1}`,
    { w: half(random([4, 3, 3, 3], 1)), b: half(random([4], 2)) },
  );
  const fused = await assertKept(model, { x: random([2, 3, 8, 8], 3) }, 1e-2);
  assert.equal(operators(fused), "Conv Relu GlobalAveragePool Flatten");
  assert.deepEqual(raisedFrom(fused.proto), ["float16"]);
});

Deno.test("fuse() keeps float16 inputs and outputs, by a Cast at each", async () => {
  const model = modelOf(
    `input a float16[N, 8]
     input b float16[8, 8]
     output y float16[N, 8]
     output z float16[N, 8]
     y = MatMul(a, b); z = Add(y, c)`,
    { c: half(random([8], 1)) },
  );
  const feeds = { a: half(random([2, 8], 2)), b: half(random([8, 8], 3)) };
  const fused = await assertKept(model, feeds, 1e-2);
  assert.equal(operators(fused), "Cast Cast MatMul Add Cast Cast");
});

Deno.test("fuse() keeps the type of a float16 weight that is an output, by a Cast", async () => {
  const model = modelOf(
    `input x float16[N, 4]
     output y float16[N, 3]
     output w float16[4, 3]
     y = MatMul(x, w)`,
    { w: half(random([4, 3], 1)) },
  );
  const fused = await assertKept(model, { x: half(random([2, 4], 2)) }, 1e-2);
  assert.equal(operators(fused), "Cast MatMul Cast Cast");
});

Deno.test("fuse() raises the bodies of a float16 network, and what they read from outside", async () => {
  const model = modelOf(
    `input x float16[2]
     input c bool[]
     output y float16[2]
     tensor k float16[2] = [0.5, 2.0]
     y = If(c) {
       then_branch=graph a { output s float16[2]
         s = Mul(x, k) },
       else_branch=graph b { output t float16[2]
         d = Constant() {value=<float16[2] = [1.0, 3.0]>}
         t = Add(x, d) }}`,
  );
  const x: Tensor = { type: "float16", dims: [2], data: Float16Array.of(1.5, -2) };
  for (const value of [0, 1]) {
    await assertKept(model, { x, c: { type: "bool", dims: [], data: Uint8Array.of(value) } }, 1e-3);
  }
});

Deno.test("fuse() reads bfloat16 weights as the float32 numbers that they are", async () => {
  const weights = random([4, 8], 1);
  const model = modelOf(
    `input x float32[N, 8]
     output y float32[N, 4]
     w = Cast(stored) {to=1}; y = Gemm(x, w) {transB=1}`,
    { stored: brain(weights) },
  );
  const fused = await assertKept(model, { x: random([2, 8], 2) }, 1e-6);
  assert.equal(operators(fused), "Gemm");
  const [w] = fused.graph.initializer.map((tensor) => readTensorProto(tensor).data);
  assert.ok(Math.abs(Number(w![3]) / weights.data[3]! - 1) < 2 ** -7);
  assert.deepEqual(raisedFrom(fused.proto), ["bfloat16"]);
});

Deno.test("fuse() computes a float64 network in float32, where a mask stays one and a divisor is not 0", async () => {
  const model = modelOf(
    `input x float64[N, 8]
     output y float64[N, 4]
     tensor tiny float64[] = [1e-300]; tensor mask float64[4] = [0.0, 0.0, -1e300, 0.0]
     h = MatMul(x, w); n = Abs(h); d = Add(n, tiny); u = Div(h, d); m = Add(u, mask)
     y = Softmax(m)`,
    { w: double(random([8, 4], 1)) },
  );
  const fused = await assertKept(model, { x: double(random([3, 8], 2)) }, 1e-6);
  assert.equal(operators(fused).split(" ").length, 8);
  const zeros: Feeds = { x: { type: "float64", dims: [1, 8], data: new Float64Array(8) } };
  const { y } = await run(fused, zeros);
  assert.ok(Math.abs(Number(y!.data[0]) - 1 / 3) < 1e-6);
  assert.equal(y!.data[2], 0);
});

Deno.test("fuse() leaves a few float64 numbers of a float32 network as they are", () => {
  const model = modelOf(
    `input t float64[N]
     output y float32[N]
     tensor period float64[] = [86400.0]
     d = Mod(t, period) {fmod=1}; y = Cast(d) {to=1}`,
  );
  assert.equal(fuse(model).proto, model.proto);
});
