import assert from "node:assert/strict";
import { loadBudget, loadCost, loadFacts, loadLimits } from "../../lib/cost/load_cost.ts";
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
});

Deno.test("loadBudget() is a ratio of the given model's, the runtime's own heap among it, and never less than it takes", () => {
  const given = loadCost({ stored: 10e6, computed: 0, packed: 0, nodes: 10 });
  const twice = loadBudget(given, { maxCreate: 2, maxHeap: 2 });
  // A tenth of the limit is left for the error of the estimate.
  assert.ok(Math.abs((twice.createMs + 100) / (given.createMs + 100) - 1.8) < 1e-9);
  assert.ok(Math.abs((twice.heapBytes + 17e6) / (given.heapBytes + 17e6) - 1.8) < 1e-9);
  assert.deepEqual(loadBudget(given, { maxCreate: 0.1, maxHeap: 0.1 }), given);
  const [create, heap] = loadLimits([given, twice]);
  assert.deepEqual([create!.most, heap!.most], [twice.createMs, twice.heapBytes]);
});
