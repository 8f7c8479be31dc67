import assert from "node:assert/strict";
import type { Tensor } from "../../lib/tensor/tensor.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { error, modelOf, random, run } from "./fixtures.ts";

/** The operators of a product whose last axis, 12, is split by `shape` before a constant is added. */
async function order(shape: readonly number[], bias: Tensor, more = ""): Promise<string> {
  const letters = shape.map((_, i) => `Y${i}`).join(", ");
  const model = modelOf(
    `input x float32[N, T, 8]
     output y float32[${letters}]
     tensor shape int64[${shape.length}] = [${shape.join(", ")}]
     p = MatMul(x, w); r = Reshape(p, shape); y = Add(b, r)
     ${more}`,
    { w: random([8, 12], 1), b: bias },
  );
  const fused = fuse(model);
  const feeds = { x: random([2, 5, 8], 2) };
  assert.ok(error(await run(fused, feeds), await run(model, feeds)) < 1e-6);
  return fused.graph.node.map(({ opType }) => opType).join(" ");
}

Deno.test("fuse() adds the bias of heads before they are split", async () => {
  assert.equal(await order([0, 0, 3, 4], random([3, 4], 3)), "MatMul Add Reshape");
  assert.equal(await order([0, 0, 3, 4], random([3, 1], 3)), "MatMul Add Reshape");
  assert.equal(await order([0, 0, 2, 3, 2], random([2], 3)), "MatMul Add Reshape");
});

Deno.test("fuse() leaves an Add behind a Reshape that does more, or of what is no bias", async () => {
  assert.equal(await order([0, -1, 3, 4], random([3, 4], 3)), "MatMul Reshape Add");
  assert.equal(await order([0, 0, 3, 4], random([1, 5, 3, 4], 3)), "MatMul Reshape Add");
  const twice = await order(
    [0, 0, 3, 4],
    random([3, 4], 3),
    "output z float32[N, T, 3, 4]; z = Neg(r)",
  );
  assert.equal(twice, "MatMul Reshape Add Neg");
});
