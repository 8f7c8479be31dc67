import assert from "node:assert/strict";
import { loadBudget, loadLimits } from "../../lib/cost/load_cost.ts";
import { loadCost } from "../../lib/passes/load_facts.ts";

Deno.test("loadBudget() is a ratio of the given model's, the runtime's own heap among it, and never less than it takes", () => {
  const given = loadCost({ stored: 10e6, computed: 0, packed: 0, nodes: 10 });
  const twice = loadBudget(given, 30e6, { maxCreate: 2, maxHeap: 2 });
  // A tenth of the limit is left for the error of the estimate.
  assert.ok(Math.abs((twice.createMs + 100) / (given.createMs + 100) - 1.8) < 1e-9);
  assert.ok(Math.abs((twice.heapBytes + 17e6) / (given.heapBytes + 17e6) - 1.8) < 1e-9);
  // Of 10.7 and 1.2 x 30 MB, and what the constants take: what is left is for values, at 1.2 each.
  const heap18 = 1.8 * (10.7e6 + 36e6 + given.heapBytes);
  assert.ok(Math.abs(twice.workingBytes - (heap18 - given.heapBytes - 10.7e6) / 1.2) < 1);
  const least = loadBudget(given, 30e6, { maxCreate: 0.1, maxHeap: 0.1 });
  assert.deepEqual([least.createMs, least.heapBytes], [given.createMs, given.heapBytes]);
  assert.ok(Math.abs(least.workingBytes - 30e6) < 1);
  assert.equal(loadBudget(given, 30e6, { maxCreate: 2, maxHeap: Infinity }).workingBytes, Infinity);
  const [create, heap] = loadLimits([given, twice]);
  assert.deepEqual([create!.most, heap!.most], [twice.createMs, twice.heapBytes]);
});
