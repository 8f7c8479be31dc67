import assert from "node:assert/strict";
import { constants } from "../../lib/onnx/graph.ts";
import { parseGraph } from "../../lib/onnx/text.ts";
import { ranks } from "../../lib/onnx/ranks.ts";

Deno.test("ranks() follows operators from what the file states", () => {
  const graph = parseGraph(`
    input x float32[N, 3, H, W]
    output y float32[...]
    tensor w float32[3, 5]
       = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    tensor one int64[1] = [1]
    tensor front int64[1] = [0]
    tensor first int64[] = [0]
    pooled = GlobalAveragePool(x)
    flat = Flatten(pooled)
    row = Gemm(flat, w)
    mean = ReduceMean(x) {axes=[2, 3], keepdims=0}
    product = MatMul(mean, w)
    shape = Shape(x)
    batch = Gather(shape, first)
    batch1 = Unsqueeze(batch, front)
    two = Concat(batch1, one) {axis=0}
    reshaped = Reshape(x, two)
    seen = Op(reshaped)
    swapped = Transpose(seen) {perm=[1, 0, 2]}
    wide = Unsqueeze(swapped, one)
    narrow = Squeeze(wide, one)
    sum = Add(narrow, wide)
    y = Einsum(x, x) {equation="nchw,nchw->nc"}`);
  const found = ranks(graph, constants(graph));
  const expected = {
    pooled: 4,
    flat: 2,
    row: 2,
    mean: 2,
    product: 2,
    shape: 1,
    batch: 0,
    batch1: 1,
    two: 1,
    reshaped: 2,
    seen: undefined,
    swapped: 3,
    wide: 4,
    narrow: 3,
    sum: 4,
    y: 2,
  };
  for (const [name, rank] of Object.entries(expected)) assert.equal(found.get(name), rank, name);
});
