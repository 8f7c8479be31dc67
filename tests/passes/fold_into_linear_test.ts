import assert from "node:assert/strict";
import type { Model } from "../../lib/onnx/model.ts";
import { parseGraph, printGraph } from "../../lib/onnx/text.ts";
import { foldIntoLinear } from "../../lib/passes/fold_into_linear.ts";
import { batchNorm, error, modelOf, random, run } from "./fixtures.ts";

/** Checks that the pass leaves the given operators and the result as it was. */
async function checkFolds(model: Model, opTypes: string[], dims: number[]) {
  const folded = model.withGraph(foldIntoLinear(model.graph));
  assert.deepEqual(folded.graph.node.map(({ opType }) => opType), opTypes);
  const x = random(dims, 99);
  assert.ok(error(await run(folded, { x }), await run(model, { x })) < 2e-6);
}

Deno.test("foldIntoLinear() scales the weight and bias of Gemm by hand-worked numbers", () => {
  const graph = parseGraph(`
    input x float32[N, 1]
    output y float32[N, 2]
    tensor fc.weight float32[1, 2] = [1.0, 2.0]
    tensor fc.bias float32[2] = [1.0, 1.0]
    tensor c float32[2] = [10.0, 100.0]
    h = Gemm(x, fc.weight, fc.bias) {alpha=3.0, beta=0.5}
    y = Mul(h, c)`);
  const text = printGraph(foldIntoLinear(graph));
  assert.match(text, /fc.weight float32\[1, 2\] = \[10.0, 200.0\]/);
  assert.match(text, /fc.bias float32\[2\] = \[5.0, 50.0\]/);
  assert.match(text, /\ny = Gemm\(x, fc.weight, fc.bias\) {alpha=3.0, beta=1.0}\n/);
});

Deno.test("foldIntoLinear() folds BatchNormalization into Gemm of every form", async () => {
  for (const transB of [0, 1]) {
    for (
      const [bias, dims] of [["b", [5]], ["b", [1, 5]], ["b", [1]], ["b", []], ["", []]] as const
    ) {
      const model = modelOf(
        `input x float32[3, N]
         output y float32[N, 5]
         h = Gemm(x, w${bias && ", b"}) {alpha=0.5, beta=2.0, transA=1, transB=${transB}}
         y = BatchNormalization(h, bn.weight, bn.bias, bn.mean, bn.var)`,
        {
          w: random(transB ? [5, 3] : [3, 5], 1),
          ...bias ? { b: random(dims, 2) } : {},
          ...batchNorm("bn", 5, 3),
        },
      );
      await checkFolds(model, ["Gemm"], [3, 2]);
    }
  }
});

Deno.test("foldIntoLinear() folds into MatMul with and without a bias, for sequences too", async () => {
  const weights = {
    w: random([3, 5], 1),
    b: random([5], 2),
    gain: random([5], 3),
    ...batchNorm("bn", 5, 4),
  };
  const rows = "input x float32[N, 3]; output y float32[N, 5];";
  const sequence = "input x float32[N, T, 3]; output y float32[N, T, 5];";
  const normalized = "y = BatchNormalization(h, bn.weight, bn.bias, bn.mean, bn.var)";
  const folds = async (text: string, opTypes: string[], dims: number[]) =>
    await checkFolds(modelOf(text, weights), opTypes, dims);
  await folds(`${rows} h = MatMul(x, w); ${normalized}`, ["MatMul", "Add"], [4, 3]);
  await folds(`${rows} m = MatMul(x, w); h = Add(m, b); ${normalized}`, ["MatMul", "Add"], [4, 3]);
  await folds(`${sequence} m = MatMul(x, w); y = Mul(gain, m)`, ["MatMul"], [2, 4, 3]);
  await folds(
    `${sequence} m = MatMul(x, w); h = Add(b, m); y = Mul(h, gain)`,
    ["MatMul", "Add"],
    [2, 4, 3],
  );
});

Deno.test("foldIntoLinear() leaves a MatMul with its bias, and channels that are not the last axis", () => {
  const unchanged = (text: string, ...weights: Record<string, ReturnType<typeof random>>[]) => {
    const { graph } = modelOf(text, Object.assign({ w: random([3, 5], 1) }, ...weights));
    assert.equal(foldIntoLinear(graph), graph, text);
  };
  const sequence = "input x float32[N, T, 3]; output y float32[N, T, 5]; m = MatMul(x, w);";
  unchanged(`${sequence} y = Add(m, b)`, { b: random([5], 2) });
  // BatchNormalization is on axis 1, which is time here
  unchanged(
    `${sequence} y = BatchNormalization(m, bn.weight, bn.bias, bn.mean, bn.var)`,
    batchNorm("bn", 5, 3),
  );
  unchanged(`${sequence} y = Mul(m, p)`, { p: random([5, 1], 2) }); // one number per step
  // without a rank nothing tells whether axis 1 is the last
  unchanged(
    `input x float32[...]; output y float32[...]; m = MatMul(x, w);
     y = BatchNormalization(m, bn.weight, bn.bias, bn.mean, bn.var)`,
    batchNorm("bn", 5, 3),
  );
  // a bias per row cannot be one per column
  unchanged(
    `input x float32[2, 3]; output y float32[2, 5]; m = Gemm(x, w, c); y = Mul(m, g)`,
    { c: random([2, 1], 2), g: random([5], 3) },
  );
});
