import assert from "node:assert/strict";
import { latencyRatio } from "../../lib/evaluate/latency.ts";

Deno.test("latencyRatio() takes ratios round by round, so that a slow second cancels", () => {
  // The machine slows down threefold in the middle; the candidate always takes half.
  const ms = [10, 11, 10, 30, 33, 31, 30, 10, 11, 10].map((time) => [time, time / 2]);
  const latency = latencyRatio({ ms }, { threads: 2, machine: "here" });
  assert.deepEqual(latency.ratio, { value: 0.5, low: 0.49, high: 0.51, n: 10 });
  assert.deepEqual([latency.baselineMs, latency.candidateMs], [11, 5.5]);
  assert.deepEqual([latency.threads, latency.rounds, latency.machine], [2, 10, "here"]);
});

Deno.test("latencyRatio() compares the columns asked for", () => {
  const { ratio, drifted } = latencyRatio({ ms: [[1, 4, 3]] }, { baseline: 1, candidate: 2 });
  assert.deepEqual(ratio, { value: 0.75, low: 0.735, high: 0.765, n: 1 }); // 2 % of it
  assert.equal(drifted, false);
});

Deno.test("latencyRatio() refuses missing columns, times of 0 and no rounds", () => {
  assert.throws(() => latencyRatio({ ms: [[1, 2], [1]] }), /round 1 has undefined ms for model 1/);
  assert.throws(() => latencyRatio({ ms: [[0, 2]] }), /round 0 has 0 ms for model 0/);
  assert.throws(() => latencyRatio({ ms: [] }), RangeError);
});

Deno.test("latencyRatio() says whose time it is, and gives the ratio on the wall beside it", () => {
  const ms = [[10, 5], [10, 5]];
  const wallMs = [[10, 6], [20, 12]];
  const latency = latencyRatio({ ms, wallMs, clock: "thread" });
  assert.deepEqual([latency.clock, latency.ratio.value, latency.wallRatio?.value], [
    "thread",
    0.5,
    0.6,
  ]);
  assert.equal(latencyRatio({ ms, wallMs: ms, clock: "wall" }).wallRatio, undefined);
});

Deno.test("latencyRatio() calls it a drift where one model moves, or its code was not warm", () => {
  const rounds = (candidate: (round: number) => number) =>
    Array.from({ length: 8 }, (_, round) => [10, candidate(round)]);
  assert.equal(latencyRatio({ ms: rounds(() => 8) }).drifted, false);
  assert.equal(latencyRatio({ ms: rounds((round) => round < 4 ? 12 : 8) }).drifted, true);
  assert.equal(latencyRatio({ ms: rounds(() => 8), isWarm: false }).drifted, true);
});

Deno.test("latencyRatio() adds what processes differ by to the spread of the rounds", () => {
  const ms = [[10, 8.5], [10, 10], [10, 11.5]];
  const { low, high } = latencyRatio({ ms }).ratio;
  const half = Math.sqrt(0.15 ** 2 + 0.02 ** 2);
  assert.ok(Math.abs(low - (1 - half)) < 1e-12 && Math.abs(high - (1 + half)) < 1e-12);
});
