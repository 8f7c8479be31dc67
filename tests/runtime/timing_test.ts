import assert from "node:assert/strict";
import { interleave, interleaveUntilSteady, repeatsFor, turns } from "../../lib/runtime/timing.ts";
import { madeUpClock } from "./made_up_clock.ts";

Deno.test("interleave() ends after seven rounds where they take longer than they may", async () => {
  const run = () => new Promise((resolve) => setTimeout(resolve, 4));
  const taken = await interleave([{ run, ms: 4 }], 1, { rounds: 9, minMs: 1, maxMs: 5 });
  assert.equal(taken.ms.length, 7);
});

Deno.test("interleaveUntilSteady() leaves out the rounds in which a model was still falling", async () => {
  const { clock, run } = madeUpClock();
  const steady = { run: run(() => 10), ms: 10 };
  const falling = { run: run((i) => i < 5 ? 30 : 8), ms: 30 };
  const options = { clock, rounds: 8, minMs: 1 };
  const { ms } = await interleaveUntilSteady([steady, falling], 1, options);
  assert.deepEqual(ms, Array.from({ length: 8 }, () => [10, 8]));
});

Deno.test("interleaveUntilSteady() goes on where rounds differ too much to know the ratio", async () => {
  const { clock, run } = madeUpClock();
  const steady = { run: run(() => 10), ms: 10 };
  const jumping = { run: run((i) => i % 2 === 0 ? 10 : 14), ms: 12 };
  const options = { clock, rounds: 8, minMs: 1 };
  const { ms } = await interleaveUntilSteady([steady, jumping], 1, options);
  // Quartiles at 1 and 1.4 of a median of 1.2: 0.31 of it, which takes 160 rounds to come to 0.025.
  assert.equal(ms.length, 160);
});

Deno.test("interleaveUntilSteady() takes few rounds as they come", async () => {
  const { clock, run } = madeUpClock();
  const falling = { run: run((i) => i < 3 ? 30 : 8), ms: 30 };
  const { ms } = await interleaveUntilSteady([falling], 1, { clock, rounds: 6, minMs: 1 });
  assert.deepEqual(ms, [[30], [30], [30], [8], [8], [8]]);
});

Deno.test("interleaveUntilSteady() ends in the end, with what it has", async () => {
  const { clock, run } = madeUpClock();
  const growing = { run: run((i) => 10 + i), ms: 10 };
  const { ms } = await interleaveUntilSteady([growing], 1, {
    ...{ clock, rounds: 8, minMs: 1, patienceMs: 0 },
  });
  assert.equal(ms.length, 8);
});

Deno.test("interleave() times each model once a round, per run", async () => {
  const { clock, run } = madeUpClock();
  const seen: [string, number][] = [];
  const contestant = (name: string, ms: number) => {
    const timed = run(() => ms);
    return { ms, run: (sample: number) => (seen.push([name, sample]), timed(sample)) };
  };
  const models = [contestant("a", 10), contestant("b", 4)];
  const { ms } = await interleave(models, 3, { clock, rounds: 4, minMs: 8 });
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
