import assert from "node:assert/strict";
import { hasDrifted, latencyRatio } from "../../lib/evaluate/latency.ts";
import { normal } from "../random.ts";

Deno.test("latencyRatio() takes ratios round by round, so that a slow second cancels", () => {
  // The machine slows down threefold in the middle; the candidate always takes half.
  const ms = [10, 11, 10, 30, 33, 31, 30, 10, 11, 10].map((time) => [time, time / 2]);
  const latency = latencyRatio({ ms }, { threads: 2, machine: "here" });
  assert.deepEqual(latency.ratio, { value: 0.5, low: 0.5, high: 0.5, n: 10 });
  assert.deepEqual([latency.baselineMs, latency.candidateMs], [11, 5.5]);
  assert.deepEqual([latency.threads, latency.rounds, latency.machine], [2, 10, "here"]);
});

Deno.test("latencyRatio() compares the columns asked for", () => {
  const { ratio, drifted } = latencyRatio({ ms: [[1, 4, 3]] }, { baseline: 1, candidate: 2 });
  assert.deepEqual(ratio, { value: 0.75, low: 0.75, high: 0.75, n: 1 });
  assert.equal(drifted, false);
});

Deno.test("latencyRatio() refuses missing columns, times of 0 and no rounds", () => {
  assert.throws(() => latencyRatio({ ms: [[1, 2], [1]] }), /round 1 has undefined ms for model 1/);
  assert.throws(() => latencyRatio({ ms: [[0, 2]] }), /round 0 has 0 ms for model 0/);
  assert.throws(() => latencyRatio({ ms: [] }), RangeError);
});

Deno.test("hasDrifted() sees a step and a slope, and is seldom fooled by noise", () => {
  const noise = (seed: number) => [...normal(15, seed, 0.03)].map((x) => 1 + x);
  const share = (drift: (i: number) => number) => {
    const seeds = Array.from({ length: 400 }, (_, seed) => seed);
    return seeds.filter((seed) => hasDrifted(noise(seed).map((x, i) => x * drift(i)))).length / 400;
  };
  assert.ok(share(() => 1) < 0.04);
  assert.ok(share((i) => i < 7 ? 1 : 1.2) > 0.95);
  assert.ok(share((i) => 1 + i / 40) > 0.9);
});

Deno.test("hasDrifted() does not call a shift of 2 % a drift, nor judge three rounds", () => {
  assert.equal(hasDrifted([1, 1, 1, 1, 1.02, 1.02, 1.02, 1.02]), false);
  assert.equal(hasDrifted([1, 1, 1, 1, 1.03, 1.03, 1.03, 1.03]), true);
  assert.equal(hasDrifted([1, 2, 3]), false);
});
