import assert from "node:assert/strict";
import { fullestSample } from "../../lib/cost/fullest_sample.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import { type Feeds, float32 } from "../../lib/tensor/tensor.ts";
import { modelOf } from "../quantize/fixture.ts";

/** Keeps the numbers above 1. */
const model = modelOf(
  `input x float32[N]; output y float32[?]
  tensor one float32[] = [1.0]
  g = Greater(x, one); c = Compress(x, g); y = Neg(c)`,
);
const sample = (...values: number[]): Feeds => ({ x: float32([values.length], values) });

Deno.test("fullestSample() takes the first of the samples in which the fewest values are empty", async () => {
  await using runtime = openRuntime({ workers: 0 });
  const fullest = async (...samples: Feeds[]) =>
    samples.indexOf(await fullestSample(model, samples, { runtime }));
  assert.equal(await fullest(sample(0, 1), sample(0, 0), sample(0, 2), sample(3, 3)), 2);
  assert.equal(await fullest(sample(2), sample(3)), 0);
  assert.equal(await fullest(sample(0), sample(0)), 0);
  // Only those of one shape can take turns.
  assert.equal(await fullest(sample(0, 1), sample(2), sample(0, 5)), 2);
});
