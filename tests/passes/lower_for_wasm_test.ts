import assert from "node:assert/strict";
import { allNodes, valueTypes } from "../../lib/onnx/graph.ts";
import { readModel } from "../../lib/onnx/file.ts";
import { modulePaths } from "../../lib/onnx/module_path.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { LoweredModel, lowerForWasm } from "../../lib/passes/lower_for_wasm.ts";
import { learnShapes } from "../../lib/runtime/learn_shapes.ts";
import { error, modelOf, random, run } from "./fixtures.ts";
import { count, errorOf, shapesOf } from "./lowering.ts";

/** The front of a lip-reading network, its frames' trunk and the way back, as PyTorch exports it. */
const VIDEO = `input x float32[N, 1, T, 12, 12]; output y float32[N, T, 16]
  tensor two int64[] = [2]; tensor zero int64[] = [0]; tensor axes int64[1] = [0]; tensor minus int64[1] = [-1]
  a = Conv(x, front) {pads=[2, 1, 1, 2, 1, 1], strides=[1, 2, 2]} @ /front/front.0/Conv
  b = Relu(a) @ /front/front.1/Relu
  c = MaxPool(b) {kernel_shape=[1, 2, 2], strides=[1, 2, 2]} @ /front/front.2/MaxPool
  s = Shape(c); t = Gather(s, two); u = Unsqueeze(t, axes); n = Gather(s, zero); m = Unsqueeze(n, axes)
  d = Transpose(c) {perm=[0, 2, 1, 3, 4]} @ /Transpose
  tensor picture int64[3] = [16, 3, 3]; e = Concat(minus, picture) {axis=0}; f = Reshape(d, e)
  g = Conv(f, conv1) {pads=[1, 1, 1, 1]} @ /trunk/conv1/Conv
  h = Relu(g) @ /trunk/relu/Relu
  i = Conv(h, conv2) {pads=[1, 1, 1, 1]} @ /trunk/conv2/Conv
  j = Add(i, f) @ /trunk/Add
  k = GlobalAveragePool(j) @ /trunk/pool/GlobalAveragePool
  o = Concat(m, u, minus) {axis=0}; y = Reshape(k, o)`;

const VIDEO_WEIGHTS = {
  front: random([16, 1, 5, 3, 3], 1),
  conv1: random([16, 16, 3, 3], 2, 0.1),
  conv2: random([16, 16, 3, 3], 3, 0.1),
};

Deno.test("lowerForWasm() keeps frames in front, and takes any batch as before", async () => {
  const model = modelOf(VIDEO, VIDEO_WEIGHTS);
  const dims = { x: [2, 1, 6, 12, 12] };
  const shapes = await shapesOf(model, dims);
  const lowered = lowerForWasm(model, shapes);
  assert.ok(await errorOf(lowered, model, dims) < 2e-6);
  const types = new Set(lowered.graph.node.map(({ opType }) => opType));
  for (const gone of ["Shape", "Unsqueeze"]) assert.ok(!types.has(gone), gone);
  // One channel: bringing time to the front moves nothing. The trunk's map is turned once, and back.
  assert.equal(count(lowered, "Transpose"), 2);
  assert.equal(count(lowered, "Conv"), 1);
  const [pool] = lowered.graph.node.filter(({ opType }) => opType === "MaxPool");
  assert.equal(pool!.attribute.find(({ name }) => name === "kernel_shape")!.ints.length, 2);
  const paths = new Set(modulePaths(lowered.graph).values());
  for (const path of ["front.0", "trunk.conv1", "trunk.conv2"]) assert.ok(paths.has(path), path);
});

Deno.test("lowerForWasm() states the lengths it relies on, and no other", async () => {
  const model = modelOf(VIDEO, VIDEO_WEIGHTS);
  const shapes = await shapesOf(model, { x: [1, 1, 6, 12, 12] });
  const whole = lowerForWasm(model, shapes);
  assert.ok(whole instanceof LoweredModel);
  assert.deepEqual(whole.fixed.map(({ name, length }) => [name, length]), [["T", 6]]);
  assert.deepEqual(valueTypes(whole.graph).inputs[0]!.dims, ["N", 1, 6, 12, 12]);

  // The trunk sees pictures of 3x3 whatever the number of frames.
  const trunk = lowerForWasm(model, shapes, {
    ...{ conv3d: false, pool3d: false },
    convToGemm: { form: ({ window }) => window.input.length === 2 ? "im2col" : undefined },
  });
  assert.equal(count(trunk, "Conv"), 1);
  assert.deepEqual((trunk as LoweredModel).fixed, []);
  assert.deepEqual(valueTypes(trunk.graph).inputs[0]!.dims, ["N", 1, "T", 12, 12]);
  const longer = { x: random([1, 1, 9, 12, 12], 7) };
  assert.ok(error(await run(trunk, longer), await run(model, longer)) < 2e-6);
});

Deno.test("lowerForWasm() returns the very model if there is nothing to do", async () => {
  const model = modelOf(
    `input x float32[N, 4]; output y float32[N, 4]; y = MatMul(x, w)`,
    { w: random([4, 4], 1) },
    11,
  );
  assert.equal(lowerForWasm(model, await shapesOf(model, { x: [1, 4] })), model);
});

Deno.test("lowerForWasm() rewrites the branches of an If, whose maps it infers", async () => {
  const model = modelOf(
    `input x float32[N, 16, 3, 3]; input c bool[]; output y float32[N, 16, 3, 3]
     y = If(c) {
       then_branch=graph t { output p float32[N, 16, 3, 3]
         a = Relu(x); p = Conv(a, w) {pads=[1, 1, 1, 1]} @ conv },
       else_branch=graph e { output q float32[N, 16, 3, 3]; q = Conv(x, w) {pads=[1, 1, 1, 1]} @ conv2 }
     }`,
    { w: random([16, 16, 3, 3], 1) },
  );
  const bool = (value: number) => ({ type: "bool", dims: [], data: Uint8Array.of(value) } as const);
  const x = random([2, 16, 3, 3], 2);
  const shapes = await learnShapes(model, { x, c: bool(1) });
  const lowered = lowerForWasm(model, shapes, { convToGemm: { form: () => "im2col" } });
  const types = Array.from(allNodes(lowered.graph), ({ opType }) => opType);
  assert.ok(!types.includes("Conv") && types.includes("Gemm"));
  assert.equal(lowered.graph.initializer.filter(({ dims }) => dims.length > 1).length, 1);
  for (const c of [bool(0), bool(1)]) {
    assert.ok(error(await run(lowered, { x, c }), await run(model, { x, c })) < 2e-6);
  }
});

Deno.test("lowerForWasm() rewrites the body of a Scan, whose slices it knows, and keeps that of a Loop", async () => {
  const scan = modelOf(
    `input x float32[4, 2, 8, 3, 3]; input h float32[2, 8, 3, 3]
     output last float32[2, 8, 3, 3]; output y float32[4, 2, 8, 3, 3]
     last, y = Scan(h, x) {num_scan_inputs=1, body=graph step {
       input s float32[2, 8, 3, 3]; input t float32[2, 8, 3, 3]
       output next float32[2, 8, 3, 3]; output given float32[2, 8, 3, 3]
       c = Conv(t, w) {pads=[1, 1, 1, 1]} @ conv
       a = Add(c, s); next = Tanh(a); given = Identity(next) }}`,
    { w: random([8, 8, 3, 3], 1, 0.1) },
  );
  const loop = modelOf(
    `input x float32[2, 8, 3, 3]; output y float32[2, 8, 3, 3]
     tensor turns int64[] = [3]; tensor go bool[] = [1]
     y = Loop(turns, go, x) {body=graph step {
       input i int64[]; input on bool[]; input s float32[2, 8, 3, 3]
       output still bool[]; output next float32[2, 8, 3, 3]
       still = Identity(on); r = Identity(s)
       c = Conv(r, w) {pads=[1, 1, 1, 1]} @ conv; next = Tanh(c) }}`,
    { w: random([8, 8, 3, 3], 1, 0.1) },
  );
  const state = random([2, 8, 3, 3], 2);
  const feeds = { x: random([4, 2, 8, 3, 3], 3), h: state };
  for (const [model, given, gemms] of [[scan, feeds, 1], [loop, { x: state }, 0]] as const) {
    const shapes = await learnShapes(model, given);
    const lowered = lowerForWasm(model, shapes, { convToGemm: { form: () => "im2col" } });
    const types = Array.from(allNodes(lowered.graph), ({ opType }) => opType);
    assert.equal(types.filter((opType) => opType === "Gemm").length, gemms);
    assert.ok(error(await run(lowered, given), await run(model, given)) < 2e-6);
  }
});

/** Relative error of sums in another order, through a whole network. */
const THROUGH_A_NETWORK = 5e-6;

Deno.test("lowerForWasm() makes most of the bundled sample Gemm, with its logits at any batch", async () => {
  const path = new URL("../../lib/data/visemes/lipnet.onnx", import.meta.url);
  const model = fuse(await readModel(path));
  const clips = random([1, 1, 16, 44, 44], 5);
  const lowered = lowerForWasm(model, await learnShapes(model, { clips }));
  assert.equal((lowered as LoweredModel).fixed.length, 0);
  assert.equal(count(model, "Conv"), 20);
  assert.ok(count(lowered, "Conv") <= 7);
  const batch = { clips: random([2, 1, 16, 44, 44], 6) };
  const difference = error(await run(lowered, batch), await run(model, batch));
  assert.ok(difference < THROUGH_A_NETWORK, `${difference}`);
});
