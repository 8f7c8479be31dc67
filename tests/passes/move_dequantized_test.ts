import assert from "node:assert/strict";
import { parseGraph, printGraph } from "../../lib/onnx/text.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { moveDequantized } from "../../lib/passes/move_dequantized.ts";
import { error, modelOf, random, run } from "./fixtures.ts";

const HEAD = `graph g
  input x float32[N, 2]
  output y float32[N, 3]
  tensor w int8[3, 2] = [1, 2, 3, 4, 5, 6]`;

Deno.test("moveDequantized() transposes the integers, and the axis of their scales with them", () => {
  const graph = parseGraph(`${HEAD}
    tensor scale float32[3] = [0.5, 0.25, 1.0]
    d = DequantizeLinear(w, scale) {axis=0}
    t = Transpose(d) {perm=[1, 0]}
    y = MatMul(x, t)`);
  const moved = moveDequantized(graph);
  const text = printGraph(moved);
  assert.match(text, /tensor w_transpose int8\[2, 3\] = \[1, 3, 5, 2, 4, 6\]/);
  assert.match(text, /t = DequantizeLinear\(w_transpose, scale\) \{axis=1\}/);
  assert.equal(moved.node.length, 2);
});

Deno.test("moveDequantized() reshapes integers of one scale, and leaves those of several", () => {
  const reshaped = (scale: string) =>
    moveDequantized(parseGraph(`${HEAD}
      tensor scale ${scale}
      tensor shape int64[2] = [2, 3]
      d = DequantizeLinear(w, scale) {axis=0}
      r = Reshape(d, shape)
      y = MatMul(x, r)`)).node.length;
  assert.equal(reshaped("float32[] = [0.5]"), 2);
  assert.equal(reshaped("float32[3] = [0.5, 0.25, 1.0]"), 3);
});

Deno.test("moveDequantized() leaves what another node reads as it was, and what is no constant", () => {
  const shared = parseGraph(`${HEAD}
    tensor scale float32[] = [0.5]
    d = DequantizeLinear(w, scale)
    t = Transpose(d) {perm=[1, 0]}
    p = MatMul(x, t)
    y = MatMul(p, d)`);
  assert.equal(moveDequantized(shared), shared);
  const fed = parseGraph(`graph g
    input x int8[3, 2]
    output y float32[2, 3]
    tensor scale float32[] = [0.5]
    d = DequantizeLinear(x, scale)
    y = Transpose(d) {perm=[1, 0]}`);
  assert.equal(moveDequantized(fed), fed);
});

Deno.test("fuse() keeps weights that went through fake quantization and a Transpose as integers", async () => {
  const model = modelOf(
    `graph g
      input x float32[N, 8]
      output y float32[N, 16]
      tensor scale float32[] = [0.02]; tensor zero int8[] = [0]
      xq = QuantizeLinear(x, scale, zero); xd = DequantizeLinear(xq, scale, zero)
      q = QuantizeLinear(w, scale, zero)
      d = DequantizeLinear(q, scale, zero)
      t = Transpose(d) {perm=[1, 0]}
      y = MatMul(xd, t)`,
    { w: random([16, 8], 1) },
  );
  const fused = fuse(model);
  const types = fused.graph.node.map(({ opType }) => opType);
  assert.deepEqual(types.slice(2), ["DequantizeLinear", "MatMul"]);
  assert.ok(fused.graph.initializer.every(({ name }) => name !== "w")); // 128 bytes, not 512 + 128
  const feeds = { x: random([2, 8], 2) };
  assert.ok(error(await run(fused, feeds), await run(model, feeds)) < 1e-6);
});
