import assert from "node:assert/strict";
import { parseGraph, printGraph } from "../../lib/onnx/text.ts";
import { absorbIntoConsumer } from "../../lib/passes/absorb_into_consumer.ts";
import { batchNorm, error, modelOf, random, run } from "./fixtures.ts";

const NORM = "h = BatchNormalization(x, bn.weight, bn.bias, bn.mean, bn.var)";

async function checkAbsorbs(text: string, weights: Parameters<typeof modelOf>[1], dims: number[]) {
  const model = modelOf(text, weights);
  const absorbed = model.withGraph(absorbIntoConsumer(model.graph));
  assert.ok(!printGraph(absorbed.graph).includes("BatchNormalization"), text);
  const x = random(dims, 99);
  assert.ok(error(await run(absorbed, { x }), await run(model, { x })) < 2e-6, text);
}

Deno.test("absorbIntoConsumer() scales weights and sums shifts by hand-worked numbers", () => {
  const graph = parseGraph(`
    input x float32[N, 2]
    output y float32[N, 1]
    tensor w float32[1, 2] = [10.0, 100.0]
    tensor b float32[1] = [7.0]
    tensor gamma float32[2] = [2.0, 3.0]
    tensor beta float32[2] = [1.0, 0.5]
    tensor mean float32[2] = [0.0, 0.0]
    tensor var float32[2] = [1.0, 1.0]
    h = BatchNormalization(x, gamma, beta, mean, var) {epsilon=0.0}
    y = Gemm(h, w, b) {transB=1}`);
  const text = printGraph(absorbIntoConsumer(graph));
  assert.match(text, /w float32\[1, 2\] = \[20.0, 300.0\]/);
  assert.match(text, /b float32\[1\] = \[67.0\]/); // 7 + 10 * 1 + 100 * 0.5
  assert.match(text, /\ny = Gemm\(x, w, b\) {transB=1}\n$/);
});

Deno.test("absorbIntoConsumer() moves BatchNormalization into unpadded Conv, Gemm and MatMul", async () => {
  const picture = "input x float32[N, 4, 6, 5]; output y float32[N, 6, a, b];";
  const rows = "input x float32[N, 4]; output y float32[N, 3];";
  const bn = batchNorm("bn", 4, 1);
  const conv = { w: random([6, 2, 3, 3], 7), b: random([6], 8), ...bn };
  await checkAbsorbs(`${picture} ${NORM}; y = Conv(h, w, b) {group=2}`, conv, [2, 4, 6, 5]);
  await checkAbsorbs(`${picture} ${NORM}; y = Conv(h, w) {group=2, strides=[2, 1]}`, conv, [
    2,
    4,
    6,
    5,
  ]);
  const linear = { w: random([4, 3], 7), b: random([3], 8), ...bn };
  await checkAbsorbs(`${rows} ${NORM}; y = Gemm(h, w, b) {alpha=2.0, beta=0.5}`, linear, [2, 4]);
  await checkAbsorbs(`${rows} ${NORM}; y = Gemm(h, w)`, linear, [2, 4]);
  await checkAbsorbs(`${rows} ${NORM}; y = MatMul(h, w)`, linear, [2, 4]);
});

Deno.test("absorbIntoConsumer() serves all readers of a value or none", async () => {
  const weights = { v: random([3, 4, 1], 6), w: random([3, 4, 1], 7), ...batchNorm("bn", 4, 1) };
  const text =
    `input x float32[N, 4, L]; output y float32[N, 3, L]; output z float32[N, 3, M]; ${NORM};
    y = Conv(h, v);`;
  await checkAbsorbs(`${text} z = Conv(h, w) {strides=[2]}`, weights, [2, 4, 5]);
  const { graph } = modelOf(`${text} z = Conv(h, w) {pads=[1, 1]}`, weights);
  assert.equal(absorbIntoConsumer(graph), graph);
});

Deno.test("absorbIntoConsumer() takes a scale alone past padding, but no shift", async () => {
  const weights = { w: random([3, 2, 3], 1), v: random([2, 3, 3], 2) };
  const text = (node: string, layer: string) => `
    input x float32[N, 2, 5]
    output y float32[N, 3, a]
    tensor c float32[1] = [0.25]
    h = ${node}
    y = ${layer}`;
  for (
    const layer of [
      "Conv(h, w) {pads=[1, 1]}",
      'Conv(h, w) {auto_pad="SAME_UPPER"}',
      "ConvTranspose(h, v)",
    ]
  ) {
    const model = modelOf(text("Div(x, c)", layer), weights);
    const absorbed = model.withGraph(absorbIntoConsumer(model.graph));
    assert.equal(absorbed.graph.node.length, 1, layer);
    const x = random([1, 2, 5], 3);
    assert.ok(error(await run(absorbed, { x }), await run(model, { x })) < 1e-6, layer);
    const { graph } = modelOf(text("Add(x, c)", layer), weights);
    assert.equal(absorbIntoConsumer(graph), graph, layer);
  }
});

Deno.test("absorbIntoConsumer() leaves a constant that makes three channels of one", () => {
  const { graph } = modelOf(
    `input x float32[N, 1, H, W]
     output y float32[N, 2, H, W]
     h = Sub(x, mean)
     y = Conv(h, w)`,
    { mean: random([1, 3, 1, 1], 1), w: random([2, 3, 1, 1], 2) },
  );
  assert.equal(absorbIntoConsumer(graph), graph);
});

Deno.test("absorbIntoConsumer() leaves a value that is an output, or read in another place", () => {
  const leaves = (rest: string) => {
    const { graph } = modelOf(
      `input x float32[N, 2, L]; output y float32[N, 3, L]; ${NORM}; y = Conv(h, w); ${rest}`,
      { w: random([3, 2, 1], 1), ...batchNorm("bn", 2, 2) },
    );
    assert.equal(absorbIntoConsumer(graph), graph, rest);
  };
  leaves("output h float32[N, 2, L]");
  leaves("output z float32[N, 2, L]; z = Relu(h)");
});
