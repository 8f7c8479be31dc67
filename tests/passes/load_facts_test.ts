import assert from "node:assert/strict";
import { loadFacts, LoadReader } from "../../lib/passes/load_facts.ts";
import { ShapeMap } from "../../lib/onnx/shape_map.ts";
import { modelOf } from "../quantize/fixture.ts";

Deno.test("loadFacts() counts what is stored, what is computed of it, and the matrices that are packed", () => {
  const model = modelOf(
    `input x float32[2, 4]
     output y float32[2, 8]
     tensor perm int64[2] = [4, 8]
     w = Reshape(flat, perm)
     p = MatMul(x, w)
     q = Gemm(p, v)
     y = MatMul(u, q)`,
    { flat: [32], v: [8, 8], u: [2, 2] },
  );
  const shapes = new ShapeMap(new Map([["x", { dims: [2, 4], depends: [[], []] }]]), []);
  assert.deepEqual(loadFacts(model, shapes), {
    stored: 4 * (32 + 64 + 4) + 8 * 2,
    computed: 4 * 32,
    packed: 4 * (32 + 64), // not what stands on the left
    nodes: 3,
  });
  const [, p, q] = model.graph.node;
  const reader = new LoadReader(model.graph, shapes);
  // With what makes its constants, and without the constants of others.
  assert.deepEqual(reader.of([p!]), {
    stored: 4 * 32 + 8 * 2,
    computed: 4 * 32,
    packed: 4 * 32,
    nodes: 1,
  });
  assert.deepEqual(reader.of([q!]), { stored: 4 * 64, computed: 0, packed: 4 * 64, nodes: 1 });
});
