import assert from "node:assert/strict";
import { coldStartRatios } from "../../lib/evaluate/cold_start_ratios.ts";
import { coldStart } from "../../lib/record/trial_schema.ts";
import type { ColdStart } from "../../lib/runtime/runtime.ts";

const start = (createMs: number, steadyMs?: number): ColdStart => ({
  ...{ createMs, firstMs: createMs / 10, heapBytes: 2 ** 24 },
  ...(steadyMs !== undefined && { steadyMs }),
});

Deno.test("coldStartRatios() takes the ratio within each round, and six rounds give all but none away", () => {
  const starts = [100, 100, 200, 100, 100, 50].map((ms, round) => [
    start(ms, 10 * ms),
    start(ms * (2 + round / 10), 20 * ms),
  ]);
  const record = coldStartRatios({ starts, clock: "thread" });
  assert.deepEqual(coldStart.parse(record), record);
  assert.equal(record.rounds, 6);
  assert.equal(record.create.baseline, 100);
  assert.equal(record.create.candidate, 220);
  assert.deepEqual(record.create.ratio, { value: 2.25, low: 2, high: 2.5, n: 6 });
  assert.equal(record.first.baseline, 10);
  assert.deepEqual(record.steady?.ratio, { value: 2, low: 2, high: 2, n: 6 });
  assert.deepEqual(record.heap, {
    baseline: 2 ** 24,
    candidate: 2 ** 24,
    ratio: { value: 1, low: 1, high: 1, n: 6 },
  });
});

Deno.test("coldStartRatios() says nothing of steady times where one was not taken", () => {
  const starts = [[start(100, 900), start(150)]];
  assert.ok(!("steady" in coldStartRatios({ starts, clock: "wall" })));
});
