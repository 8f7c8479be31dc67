import assert from "node:assert/strict";
import { fuse } from "../../lib/passes/fuse.ts";
import { poolMeans } from "../../lib/passes/pool_means.ts";
import { modelOf, random, run } from "./fixtures.ts";

const weights = { w: random([6, 3, 3, 3], 1) };

Deno.test("poolMeans() makes a GlobalAveragePool of the mean over a map, with the same numbers", async () => {
  const attributes = ["axes=[2, 3]", "axes=[-1, -2]", "axes=[3, 2], keepdims=0"];
  for (const attribute of attributes) {
    const shape = attribute.includes("keepdims=0") ? "N, 6" : "N, 6, 1, 1";
    const model = modelOf(
      `input x float32[N, 3, 8, 8]; output y float32[${shape}]
      a = Conv(x, w); b = Relu(a); y = ReduceMean(b) {${attribute}} @ mean`,
      weights,
    );
    const fused = fuse(model);
    assert.ok(fused.graph.node.some(({ opType }) => opType === "GlobalAveragePool"));
    const feeds = { x: random([2, 3, 8, 8], 2) };
    const [before, after] = [await run(model, feeds), await run(fused, feeds)];
    assert.deepEqual(after["y"]!.dims, before["y"]!.dims);
    const expected = before["y"]!.data as Float32Array;
    const difference = (after["y"]!.data as Float32Array).map((v, i) => Math.abs(v - expected[i]!));
    assert.ok(Math.max(...difference) < 1e-6);
  }
});

Deno.test("poolMeans() takes the axes of opset 18 too, and goes back to an input for the type", () => {
  const { graph } = modelOf(
    `input x float32[N, 3, 8]; output y float32[N, 3, 1]
    tensor axes int64[1] = [2]; a = LeakyRelu(x); y = ReduceMean(a, axes)`,
    {},
    18,
  );
  assert.deepEqual(poolMeans(graph).node.map(({ opType }) => opType), [
    "LeakyRelu",
    "GlobalAveragePool",
  ]);
});

Deno.test("poolMeans() leaves other means, unknown ranks and other types alone", () => {
  for (
    const text of [
      "input x float32[N, 3, 8, 8]; output y float32[N, 3, 1, 8]; y = ReduceMean(x) {axes=[2]}",
      "input x float32[N, 3, 8, 8]; output y float32[N, 1, 8, 8]; y = ReduceMean(x) {axes=[1]}",
      "input x float32[N, 3, 8, 8]; output y float32[1, 1, 1, 1]; y = ReduceMean(x)",
      "input x float32[N, 3]; output y float32[N, 1]; y = ReduceMean(x) {axes=[1]}",
      "input x float64[N, 3, 8]; output y float64[N, 3, 1]; y = ReduceMean(x) {axes=[2]}",
      "input x float32[N, 3, 8]; output y float32[?, ?, ?, ?]; a = Foo(x); y = ReduceMean(a) {axes=[2, 3]}",
    ]
  ) {
    const { graph } = modelOf(text);
    assert.equal(poolMeans(graph), graph);
  }
});
