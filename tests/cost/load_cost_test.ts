import assert from "node:assert/strict";
import { loadBudget, loadLimits } from "../../lib/cost/load_cost.ts";
import { loadCost } from "../../lib/passes/load_facts.ts";

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
