import assert from "node:assert/strict";
import { interleave, repeatsFor, turns, warmUp } from "../../lib/runtime/timing.ts";

/** A clock that moves only by the runs, which take what `cost` says. */
function clock() {
  let time = 0;
  return {
    now: () => time,
    run: (cost: (run: number, sample: number) => number) => {
      let count = 0;
      return (sample: number) => {
        time += cost(count++, sample);
        return Promise.resolve();
      };
    },
  };
}

Deno.test("warmUp() runs until four measurements agree", async () => {
  const { now, run } = clock();
  const costs = [400, 390, 120, 100, 101, 99, 100];
  const { runs, ms } = await warmUp(run((i) => costs[i] ?? 100), 3, { now, maxMs: 1e6 });
  assert.equal(runs, 7); // 120 is too far from 99, so it is 100, 101, 99, 100
  assert.equal(ms, 99);
});

Deno.test("warmUp() stops where the best gets no better though the times jump about", async () => {
  const { now, run } = clock();
  const costs = [300, 100, 200, 300, 100, 200, 300, 150];
  const { runs } = await warmUp(run((i) => costs[i % 8]!), 1, { now, maxMs: 1e6 });
  assert.equal(runs, 8);
});

Deno.test("warmUp() ends after maxMs, but not before four runs", async () => {
  const slow = clock();
  let cost = 5000;
  const falling = slow.run(() => cost *= 0.8);
  assert.equal((await warmUp(falling, 1, { now: slow.now })).runs, 4);
});

Deno.test("warmUp() gives short models the time of a compiler, not just four runs", async () => {
  const { now, run } = clock();
  const { runs } = await warmUp(run(() => 0.5), 2, { now, minMs: 5 });
  assert.equal(runs, 300); // 150 ms
});

Deno.test("warmUp() can be stopped between runs", async () => {
  const { now, run } = clock();
  const stop = () => {
    throw new Error("stopped");
  };
  await assert.rejects(warmUp(run(() => 1), 1, { now, between: stop }), /stopped/);
});

Deno.test("interleave() ends after seven rounds where they take longer than they may", async () => {
  let time = 0;
  const run = () => Promise.resolve(time += 100);
  const options = { now: () => time, rounds: 20, maxMs: 500 };
  assert.equal((await interleave([{ run, ms: 100 }], 1, options)).length, 7);
  assert.equal((await interleave([{ run, ms: 100 }], 1, { ...options, maxMs: 900 })).length, 9);
});

Deno.test("interleave() times each model once a round, per run", async () => {
  const { now, run } = clock();
  const seen: [string, number][] = [];
  const contestant = (name: string, ms: number) => {
    const timed = run(() => ms);
    return { ms, run: (sample: number) => (seen.push([name, sample]), timed(sample)) };
  };
  const models = [contestant("a", 10), contestant("b", 4)];
  const ms = await interleave(models, 3, { now, rounds: 4, minMs: 8 });
  assert.deepEqual(ms, [[10, 4], [10, 4], [10, 4], [10, 4]]);
  assert.equal(seen.length, 16); // two runs a turn, since b needs two for 8 ms
  const order = seen.filter((_, i) => i % 2 === 0).map(([name]) => name).join("");
  assert.equal(order, "abbabaab");
  const samples = (name: string) => seen.filter(([other]) => other === name).map(([, s]) => s);
  assert.deepEqual(samples("a"), samples("b"));
  assert.deepEqual(samples("a"), [0, 1, 2, 0, 1, 2, 0, 1]);
});

Deno.test("repeatsFor() runs all as often as the shortest needs, unless one is far slower", () => {
  assert.deepEqual(repeatsFor([0.5, 1, 2], 5), [10, 10, 10]);
  assert.deepEqual(repeatsFor([30, 90], 5), [1, 1]);
  assert.deepEqual(repeatsFor([0.5, 400], 5), [10, 1]);
});

Deno.test("turns() puts each of two in each place equally often, and visits all orders of three", () => {
  const orders = (count: number, rounds: number) =>
    Array.from({ length: rounds }, (_, round) => turns(count, round).join(""));
  assert.deepEqual(orders(2, 4), ["01", "10", "10", "01"]);
  assert.equal(new Set(orders(3, 6)).size, 6);
});
