import assert from "node:assert/strict";
import { takeSamples } from "../../../scripts/cli/take_samples.ts";
import { arrays } from "../../../lib/data/arrays.ts";
import { type Dataset, samples } from "../../../lib/data/dataset.ts";
import { float32 } from "../../../lib/tensor/tensor.ts";

/** The first values of samples. */
async function firsts(dataset: Dataset): Promise<number[]> {
  return (await Array.fromAsync(samples(dataset))).map(({ x }) => Number(x!.data[0]));
}

Deno.test("takeSamples() shuffles by the seed, and not where samples are in order", async () => {
  const dataset = arrays({ x: float32([20, 1], [...Array(20).keys()]) });
  const take = (options: { inOrder: boolean; seed?: number }) =>
    firsts(takeSamples(dataset, options).calibration);
  assert.deepEqual(await take({ inOrder: true, seed: 1 }), [...Array(8).keys()]);
  assert.deepEqual(await take({ inOrder: false }), await take({ inOrder: false, seed: 0 }));
  assert.notDeepEqual(await take({ inOrder: false }), await take({ inOrder: false, seed: 1 }));
});
