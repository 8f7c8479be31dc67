import assert from "node:assert/strict";
import { printGraph } from "../../lib/onnx/text.ts";
import { dropIdleReshapes } from "../../lib/passes/drop_idle_reshapes.ts";
import { dropNoOps } from "../../lib/passes/drop_no_ops.ts";
import { fixReshapes } from "../../lib/passes/fix_reshapes.ts";
import { mergeNodes } from "../../lib/passes/merge_nodes.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { lowerForWasm } from "../../lib/passes/lower_for_wasm.ts";
import { learnShapes } from "../../lib/runtime/learn_shapes.ts";
import { everywhere } from "../../lib/passes/pass.ts";
import { sinkLayout } from "../../lib/passes/sink_layout.ts";
import { swapReluMaxPool } from "../../lib/passes/swap_relu_max_pool.ts";
import type { GraphProto } from "../../lib/onnx/onnx_pb.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { error, modelOf, random, run } from "./fixtures.ts";
import { count, errorOf, shapesOf } from "./lowering.ts";
import { LAYOUT_DIMS, randomLayouts } from "./random_layouts.ts";
import { INPUT_DIMS, randomNet } from "./random_net.ts";

const x4 = { x: [2, 3, 4, 5] };

/** The nodes of a graph as text. */
function nodes(graph: GraphProto): string[] {
  return printGraph(graph).split("\n").filter((line) => line.includes(" = ") && line.includes("("));
}

async function sunk(model: Model, dims: Readonly<Record<string, readonly number[]>>) {
  const result = model.withGraph(sinkLayout(model.graph, await shapesOf(model, dims)));
  assert.equal(await errorOf(result, model, dims), 0);
  return result.graph;
}

Deno.test("sinkLayout() moves a Transpose past all that works on elements", async () => {
  const graph = await sunk(
    modelOf(`input x float32[N, 3, 4, 5]; output y float32[N, 4, 5, 3]
      tensor two float32[] = [2.0]; tensor six float32[] = [6.0]; tensor c float32[3] = [1.0, 2.0, 3.0]
      t = Transpose(x) {perm=[0, 2, 3, 1]}
      a = Clip(t, two, six); b = Mul(a, c); y = Relu(b)`),
    x4,
  );
  assert.deepEqual(graph.node.map(({ opType }) => opType), ["Clip", "Mul", "Relu", "Transpose"]);
  const constant = graph.initializer.find(({ name }) => name === graph.node[1]!.input[1])!;
  assert.deepEqual(constant.dims.map(Number), [1, 3, 1, 1]);
});

Deno.test("sinkLayout() joins two alike Transposes of an Add or Concat into one", async () => {
  for (
    const join of ["Add(s, t)", "Max(s, t, s)", "Concat(s, t) {axis=-1}", "Concat(s, t) {axis=1}"]
  ) {
    const last = join.includes("-1") ? 6 : 3;
    const rows = join.includes("axis=1") ? 8 : 4;
    const graph = await sunk(
      modelOf(`input x float32[N, 3, 4, 5]; output y float32[N, ${rows}, 5, ${last}]
        h = Relu(x); s = Transpose(x) {perm=[0, 2, 3, 1]}; t = Transpose(h) {perm=[0, 2, 3, 1]}
        y = ${join}`),
      x4,
    );
    const live = graph.node.filter(({ opType, output }) =>
      opType !== "Transpose" || output[0] === "y"
    );
    assert.deepEqual(live.map(({ opType }) => opType), ["Relu", join.split("(")[0], "Transpose"]);
  }
});

Deno.test("sinkLayout() leaves unlike Transposes, and those that something else reads too", async () => {
  for (
    const text of [
      `s = Transpose(x) {perm=[0, 1, 3, 2]}; t = Transpose(x) {perm=[1, 0, 3, 2]}; y = Add(s, t)`,
      `s = Transpose(x) {perm=[0, 1, 3, 2]}; y = Relu(s); z = Neg(s)`,
      `s = Transpose(x) {perm=[0, 1, 3, 2]}; z = Shape(s); y = Relu(s)`,
    ]
  ) {
    const model = modelOf(
      `input x float32[3, 3, 4, 4]; output y float32[3, 3, 4, 4]
       ${text}${text.includes("z = ") ? "; q = Identity(z)" : ""}`,
    );
    const shapes = await shapesOf(model, { x: [3, 3, 4, 4] });
    assert.equal(sinkLayout(model.graph, shapes), model.graph, text);
  }
});

Deno.test("sinkLayout() takes an operand back to where a sibling has it already", async () => {
  const model = modelOf(`input x float32[N, 3, 4, 5]; output y float32[N, 4, 5, 3]
    a = Transpose(x) {perm=[0, 2, 3, 1]}; b = Softmax(a) {axis=-1}; c = Transpose(b) {perm=[0, 3, 1, 2]}
    d = Add(c, x); e = Relu(d); y = Transpose(e) {perm=[0, 2, 3, 1]}`);
  const graph = dropNoOps(mergeNodes(await sunk(model, { x: [2, 3, 4, 5] })));
  const live = graph.node.filter(({ output }) =>
    graph.node.some(({ input }) => input.includes(output[0]!)) || output[0] === "y"
  );
  assert.deepEqual(live.map(({ opType }) => opType), ["Transpose", "Softmax", "Add", "Relu"]);
});

Deno.test("sinkLayout() moves Reshapes past elementwise operators of alike operands", async () => {
  const graph = await sunk(
    modelOf(`input x float32[N, 12]; output y float32[N, 3, 4]
      tensor shape int64[3] = [-1, 3, 4]; tensor half float32[] = [0.5]
      h = Neg(x); a = Reshape(x, shape); b = Reshape(h, shape)
      c = Add(a, b); d = Mul(half, c); y = Relu(d)`),
    { x: [2, 12] },
  );
  assert.deepEqual(
    graph.node.map(({ opType }) => opType).filter((op) => op !== "Reshape"),
    ["Neg", "Add", "Mul", "Relu"],
  );
  assert.equal(graph.node.at(-1)!.opType, "Reshape");
});

Deno.test("sinkLayout() moves a Transpose past a pool whose window it leaves in place", async () => {
  const pool = (kernel: string, perm: string, dims: string) =>
    modelOf(`input x float32[N, 3, 4, 5, 6]; output y float32[${dims}]
      t = Transpose(x) {perm=[${perm}]}; y = MaxPool(t) {kernel_shape=[${kernel}]}`);
  const dims = { x: [2, 3, 4, 5, 6] };
  const frames = await sunk(pool("1, 2, 2", "0, 2, 1, 3, 4", "N, 4, 3, 4, 5"), dims);
  assert.deepEqual(frames.node.map(({ opType }) => opType), ["MaxPool", "Transpose"]);
  const over = pool("2, 2, 2", "0, 2, 1, 3, 4", "N, 4, 2, 4, 5");
  assert.equal(sinkLayout(over.graph, await shapesOf(over, dims)), over.graph);
});

Deno.test("sinkLayout() goes through a chain of 300 operators at once", async () => {
  const chain = Array.from({ length: 300 }, (_, i) => `v${i + 1} = Neg(v${i})`).join("; ");
  const graph = await sunk(
    modelOf(`input x float32[N, 2, 3]; output y float32[N, 3, 2]
      v0 = Transpose(x) {perm=[0, 2, 1]}; ${chain}; y = Relu(v300)`),
    { x: [1, 2, 3] },
  );
  assert.equal(graph.node.findIndex(({ opType }) => opType === "Transpose"), 301);
});

Deno.test("dropIdleReshapes() removes what the shapes show to be idle, for every batch", async () => {
  const model = modelOf(
    `input x float32[N, 3, 1, 4]; output y float32[N, 12]; output z float32[?, 3]
    tensor same int64[4] = [-1, 3, 1, 4]; tensor flat int64[2] = [-1, 12]; tensor one int64[2] = [1, 12]
    tensor rows int64[2] = [2, 3]
    a = Reshape(x, same); b = Neg(a); c = Transpose(b) {perm=[0, 2, 1, 3]}; d = Reshape(c, flat)
    y = Reshape(d, flat)
    e = Neg(y); f = Reshape(e, flat); g = Sigmoid(f)
    h = Transpose(g) {perm=[1, 0]}; z = Reshape(h, three); tensor three int64[2] = [-1, 3]`,
  );
  const dims = { x: [1, 3, 1, 4] };
  const shapes = await shapesOf(model, dims);
  const graph = dropIdleReshapes(model.graph, shapes);
  assert.equal(await errorOf(model.withGraph(graph), model, dims), 0);
  // The batch of 1 is not an axis of length 1: the last Transpose stays.
  assert.deepEqual(nodes(graph), [
    "b = Neg(x)",
    "y = Reshape(b, flat)",
    "e = Neg(y)",
    "g = Sigmoid(e)",
    "h = Transpose(g) {perm=[1, 0]}",
    "z = Reshape(h, three)",
  ]);
  assert.equal(dropIdleReshapes(graph, shapes), graph);
});

Deno.test("fixReshapes() writes shapes that are computed but always the same as constants", async () => {
  const model = modelOf(
    `input x float32[N, T, 6]; output y float32[N, 2, ?]; output z float32[?, T, 6]
    tensor zero int64[] = [0]; tensor two int64[1] = [2]; tensor minus int64[1] = [-1]; tensor axes int64[1] = [0]
    s = Shape(x); n = Gather(s, zero); m = Unsqueeze(n, axes)
    shape = Concat(m, two, minus) {axis=0}; y = Reshape(x, shape)
    z = Reshape(x, s)`,
  );
  const dims = { x: [1, 4, 6] };
  const fixed = fixReshapes(model.graph, await shapesOf(model, dims));
  assert.deepEqual(fixed.node.map(({ opType }) => opType), ["Reshape", "Reshape"]);
  const constants = fixed.initializer.map(({ rawData }) => [
    ...new BigInt64Array(rawData!.slice().buffer),
  ]);
  assert.deepEqual(constants, [[0n, 2n, -1n], [0n, 0n, 6n]]);
  assert.equal(await errorOf(model.withGraph(fixed), model, dims), 0);
  assert.equal(fixReshapes(fixed, await shapesOf(model, dims)), fixed);
});

Deno.test("mergeNodes() makes one of nodes that compute the same, through chains and in bodies", () => {
  const model = modelOf(`input x float32[N]; output y float32[N]
    a = Neg(x); b = Neg(x); c = Relu(a); d = Relu(b); e = LeakyRelu(c) {alpha=0.5}
    f = LeakyRelu(d) {alpha=0.25}; y = Add(e, f)`);
  assert.deepEqual(nodes(mergeNodes(model.graph)), [
    "a = Neg(x)",
    "c = Relu(a)",
    "e = LeakyRelu(c) {alpha=0.5}",
    "f = LeakyRelu(c) {alpha=0.25}",
    "y = Add(e, f)",
  ]);
});

Deno.test("mergeNodes() keeps outputs of the graph, random numbers and domains apart", () => {
  const model = modelOf(`input x float32[N]; output y float32[N]; output z float32[N]
    y = Neg(x); z = Neg(x)
    a = RandomUniformLike(x); b = RandomUniformLike(x); c = com.acme::Neg(x); d = com.acme::Neg(x)`);
  assert.equal(mergeNodes(model.graph), model.graph);
});

Deno.test("everywhere(mergeNodes) goes into the branches of an If", () => {
  const model = modelOf(`input x float32[2]; input c bool[]; output y float32[2]
    y = If(c) {
      then_branch=graph t { output p float32[2]; a = Neg(x); b = Neg(x); p = Add(a, b) },
      else_branch=graph e { output q float32[2]; q = Neg(x) }
    }`);
  const [merged] = everywhere(mergeNodes)(model.graph).node;
  assert.equal(merged!.attribute.find(({ name }) => name === "then_branch")!.g!.node.length, 2);
});

Deno.test("swapReluMaxPool() takes the maximum before the Relu or Clip, with the same numbers", async () => {
  const model = modelOf(`input x float32[N, 2, 6, 6]; output y float32[N, 2, 3, 3]
    tensor low float32[] = [-0.5]; tensor high float32[] = [0.5]
    a = Relu(x); b = MaxPool(a) {kernel_shape=[3, 3], pads=[1, 1, 1, 1]}
    c = Clip(b, low, high); y = MaxPool(c) {kernel_shape=[2, 2], strides=[2, 2]}`);
  const swapped = model.withGraph(swapReluMaxPool(model.graph));
  assert.deepEqual(
    swapped.graph.node.map(({ opType }) => opType),
    ["MaxPool", "Relu", "MaxPool", "Clip"],
  );
  assert.equal(await errorOf(swapped, model, { x: [1, 2, 6, 6] }), 0);
  assert.equal(swapReluMaxPool(model.graph, { select: () => false }), model.graph);
});

Deno.test("swapReluMaxPool() leaves a Relu that others read, and pools that give indices", () => {
  const model = modelOf(
    `input x float32[N, 2, 6]; output y float32[N, 2, 5]; output z float32[N, 2, 6]
    output i int64[N, 2, 5]
    a = Relu(x); y = MaxPool(a) {kernel_shape=[2]}; z = Neg(a)
    b = Relu(z); c, i = MaxPool(b) {kernel_shape=[2]}`,
  );
  assert.equal(swapReluMaxPool(model.graph), model.graph);
});

Deno.test("30 random networks that move values about compute the same after lowerForWasm()", async () => {
  let fewer = 0;
  for (let seed = 0; seed < 30; seed++) {
    const model = randomLayouts(seed);
    const shapes = await shapesOf(model, { x: LAYOUT_DIMS });
    const lowered = lowerForWasm(model, shapes);
    const { isFree } = shapes.open[0]!;
    for (const batch of isFree ? [2, 1, 5] : [2]) {
      const x = random([batch, ...LAYOUT_DIMS.slice(1)], seed);
      const difference = error(await run(lowered, { x }), await run(model, { x }));
      assert.ok(difference < 2e-6, `seed ${seed}, batch ${batch}: ${difference}`);
    }
    const [before, after] = [count(model, "Transpose"), count(lowered, "Transpose")];
    assert.ok(after <= before, `seed ${seed}`);
    if (after < before) fewer++;
  }
  assert.ok(fewer > 20);
});

Deno.test("30 random networks compute the same with all their Convs as Gemm", async () => {
  for (let seed = 0; seed < 30; seed++) {
    const model = fuse(randomNet(seed));
    const x = random(INPUT_DIMS, seed);
    const shapes = await learnShapes(model, { x });
    const form = (["im2col", "perPosition"] as const)[seed % 2];
    const options = { convToGemm: { form: () => form }, swapReluMaxPool: {} };
    const lowered = lowerForWasm(model, shapes, options);
    const difference = error(await run(lowered, { x }), await run(model, { x }));
    assert.ok(difference < 5e-6, `seed ${seed}: ${difference}`);
  }
});
