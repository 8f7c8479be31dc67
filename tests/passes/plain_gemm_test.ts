import assert from "node:assert/strict";
import { floatAttribute, intAttribute } from "../../lib/onnx/node.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { error, modelOf, random, run } from "./fixtures.ts";

const WEIGHTS = {
  w: random([6, 4], 1),
  t: random([4, 6], 2),
  b: random([4], 3),
  rows: random([3, 4], 4),
  mask: float32([4], [0.5, -Infinity, 0, -Infinity]),
};

/** What fuse() makes of a Gemm of x [3, 6] (or of xt [6, 3]) and c [3, 4]; it has to give the same. */
async function fused(gemm: string, opset = 17): Promise<string> {
  const model = modelOf(
    `input x float32[3, 6]
     input xt float32[6, 3]
     input c float32[3, 4]
     output y float32[3, 4]
     output n float32[3, 4]
     tensor one float32[] = [1.5]
     ${gemm} @ /fc/Gemm
     n = Neg(c)`,
    WEIGHTS,
    opset,
  );
  const { graph } = fuse(model);
  const feeds = { x: random([3, 6], 5), xt: random([6, 3], 6), c: random([3, 4], 7) };
  assert.ok(error(await run(fuse(model), feeds), await run(model, feeds)) < 1e-6);
  for (const node of graph.node) {
    assert.equal(floatAttribute(node, "alpha", 1), 1);
    assert.equal(floatAttribute(node, "beta", 1), 1);
    assert.equal(intAttribute(node, "transA", 0), 0);
  }
  return graph.node.filter(({ opType }) => opType !== "Neg").map(({ opType }) => opType).join(" ");
}

Deno.test("fuse() moves the factors of a Gemm into its matrix and its bias", async () => {
  assert.equal(await fused("y = Gemm(x, w, b) {alpha=0.5, beta=3.0}"), "Gemm");
  assert.equal(await fused("y = Gemm(x, t, one) {alpha=0.3, beta=0.5, transB=1}"), "Gemm");
  assert.equal(await fused("y = Gemm(x, w) {alpha=2.0}"), "Gemm");
});

Deno.test("fuse() transposes before a Gemm with transA", async () => {
  assert.equal(await fused("y = Gemm(xt, w, b) {transA=1, alpha=0.25}"), "Transpose Gemm");
});

Deno.test("fuse() adds behind a Gemm what is no bias: data, and numbers that differ between rows", async () => {
  assert.equal(await fused("y = Gemm(x, w, c) {beta=0.5}"), "Gemm Mul Add");
  assert.equal(await fused("y = Gemm(x, t, c) {alpha=0.5, transB=1}"), "Gemm Add");
  assert.equal(await fused("y = Gemm(x, w, rows) {beta=2.0}"), "Gemm Add");
  // No integer stands for what a mask holds down.
  assert.equal(await fused("y = Gemm(x, w, mask)"), "Gemm Add");
  assert.equal(await fused("p = MatMul(x, w)\n     y = Add(p, mask)"), "Gemm Add");
  assert.equal(await fused("p = MatMul(x, w)\n     y = Add(p, mask)", 9), "MatMul Add");
  // Up to opset 10 there is no Gemm without a bias.
  assert.equal(await fused("y = Gemm(x, t, c) {alpha=0.5, transB=1}", 9), "MatMul Add");
});

Deno.test("fuse() scales a matrix for one Gemm and keeps it for another", async () => {
  const model = modelOf(
    `input x float32[N, 4]
     output y float32[N, 4]
     h = Gemm(x, w) {alpha=0.5}; y = Gemm(h, w)`,
    { w: random([4, 4], 1) },
  );
  const feeds = { x: random([2, 4], 2) };
  assert.ok(error(await run(fuse(model), feeds), await run(model, feeds)) < 1e-6);
});

Deno.test("fuse() leaves a Gemm of two values, and one whose factor its numbers cannot take", () => {
  const values = modelOf(`input a float32[2, 2]
    input b float32[2, 2]
    output y float32[2, 2]
    y = Gemm(a, b) {alpha=0.5, transA=1}`);
  assert.equal(fuse(values).proto, values.proto);
  const endless = modelOf(
    `input x float32[N, 2]
     output y float32[N, 2]
     y = Gemm(x, w) {alpha=1e38}`,
    { w: random([2, 2], 1, 100) },
  );
  assert.equal(fuse(endless).proto, endless.proto);
});

Deno.test("fuse() reads a constant with axes of 1 before as the matrix that it is", async () => {
  const text = (x: string, y: string) =>
    `input x float32${x}\noutput y float32${y}\ny = MatMul(x, w)`;
  const weights = { w: random([1, 4, 5], 1) };
  const model = modelOf(text("[N, 3, 4]", "[N, 3, 5]"), weights);
  const { graph } = fuse(model);
  assert.deepEqual(graph.initializer[0]!.dims, [4n, 5n]);
  const feeds = { x: random([2, 3, 4], 2) };
  assert.ok(error(await run(fuse(model), feeds), await run(model, feeds)) < 1e-6);
  const widened = modelOf(text("[3, 4]", "[1, 3, 5]"), weights); // the constant has the more axes
  assert.equal(fuse(widened).proto, widened.proto);
});
