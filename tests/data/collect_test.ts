import assert from "node:assert/strict";
import { collect } from "../../lib/data/collect.ts";
import { samples } from "../../lib/data/dataset.ts";
import { float32 } from "../../lib/tensor/tensor.ts";

Deno.test("collect() asks an endless source for no more samples than it is to take", async () => {
  let asked = 0;
  function* counting() {
    for (;; asked++) yield { x: float32([1, 1], [asked]) };
  }
  const data = await collect(counting(), { maxSamples: 3 });
  assert.equal(data.length, 3);
  assert.equal(data.name, "samples");
  assert.equal(asked, 2); // the third was given, a fourth never made
});

Deno.test("collect() takes all that an async generator gives", async () => {
  async function* two() {
    yield { x: float32([1, 2], [1, 2]) };
    await Promise.resolve();
    yield { x: float32([1, 2], [3, 4]) };
  }
  const data = await collect(two(), { name: "pairs" });
  const values: number[] = [];
  for await (const { x } of samples(data)) values.push(...x!.data as Float32Array);
  assert.deepEqual([data.name, values], ["pairs", [1, 2, 3, 4]]);
});
