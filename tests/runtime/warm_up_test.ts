import assert from "node:assert/strict";
import { warmUp } from "../../lib/runtime/warm_up.ts";
import { madeUpClock } from "./made_up_clock.ts";

Deno.test("warmUp() runs until eight measurements fall no more", async () => {
  const { clock, run } = madeUpClock();
  const costs = [400, 390, 120, 120, 101, 100, 103, 104, 100, 101];
  const { runs, ms, isWarm } = await warmUp(run((i) => costs[i] ?? 102), 3, { clock, maxMs: 1e6 });
  assert.equal(runs, 9); // the best of 390, 120, 120, 101 is 101, and of the four behind them 100
  assert.deepEqual([ms, isWarm], [100, true]);
});

Deno.test("warmUp() does not take for warm what is flat while compilers still work", async () => {
  const { clock, run } = madeUpClock();
  // Flat at 30 for a second; the compiler is done in the 40th run, and from then on it takes 10.
  const model = run((i) => i < 40 ? 30 : 10, (i) => i < 40 ? 15 : 0);
  const { ms, isWarm } = await warmUp(model, 1, { clock });
  assert.deepEqual([ms, isWarm], [10, true]);
});

Deno.test("warmUp() gives compilers time to notice a model that runs briefly", async () => {
  const { clock, run } = madeUpClock();
  const { runs } = await warmUp(run(() => 0.5), 2, { clock });
  assert.equal(runs, 400); // eight measurements of 25 ms
});

Deno.test("warmUp() waits longer where compilers cannot be heard", async () => {
  const { clock: { kind, now }, run } = madeUpClock();
  const { runs } = await warmUp(run(() => 0.5), 2, { clock: { kind, now } });
  assert.equal(runs, 2000); // a second
});

Deno.test("warmUp() gives up on what never settles, and says so", async () => {
  const { clock, run } = madeUpClock();
  let cost = 300;
  const { runs, isWarm } = await warmUp(run(() => cost *= 0.97), 1, { clock, maxMs: 2000 });
  assert.equal(isWarm, false);
  assert.ok(runs < 12, `${runs} runs`);
});

Deno.test("warmUp() takes what works beside a model for long for something else than compilers", async () => {
  const { clock, run } = madeUpClock();
  const { runs, isWarm } = await warmUp(run(() => 10, () => 10), 1, { clock });
  assert.deepEqual([runs, isWarm], [150, true]); // a second and a half
  assert.equal((await warmUp(run(() => 10, () => 10), 1, { clock, maxMs: 1000 })).isWarm, false);
});

Deno.test("warmUp() runs what takes long four times at least", async () => {
  const { clock, run } = madeUpClock();
  assert.deepEqual(await warmUp(run(() => 700), 1, { clock }), { runs: 4, ms: 700, isWarm: true });
  const falling = [9000, 8000, 4000, 4000];
  const late = await warmUp(run((i) => falling[i] ?? 4000), 1, { clock });
  assert.deepEqual(late, { runs: 2, ms: 8000, isWarm: false }); // its time was over
});

Deno.test("warmUp() can be stopped between runs", async () => {
  const { clock, run } = madeUpClock();
  const between = () => {
    throw new Error("stopped");
  };
  await assert.rejects(warmUp(run(() => 1), 1, { clock, between }), /stopped/);
});
