import assert from "node:assert/strict";
import { OutputCloseness } from "../../lib/evaluate/output_closeness.ts";
import { float32 } from "../../lib/tensor/tensor.ts";

/** Closeness of one output over samples of one value each. */
function closenessOf(...pairs: [reference: number[], ours: number[]][]) {
  const closeness = new OutputCloseness();
  for (const [reference, ours] of pairs) {
    closeness.add({ y: float32([reference.length], reference) }, {
      y: float32([ours.length], ours),
    });
  }
  return closeness.worst();
}

Deno.test("OutputCloseness pools the values of all samples", () => {
  // Signal 100, noise 1: 20 dB.
  const { sqnr, cosine } = closenessOf([[6], [6]], [[8], [9]])!;
  assert.ok(Math.abs(sqnr! - 20) < 1e-9);
  assert.ok(Math.abs(cosine - 108 / Math.sqrt(100 * 117)) < 1e-9);
});

Deno.test("OutputCloseness says null of what is equal, and nothing where there is nothing to compare", () => {
  assert.deepEqual(closenessOf([[3], [3]]), { sqnr: null, cosine: 1 });
  assert.equal(closenessOf(), undefined);
  assert.equal(closenessOf([[], []]), undefined);
  assert.equal(closenessOf([[3], [3]], [[3], [3, 4]]), undefined);
});
