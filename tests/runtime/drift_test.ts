import assert from "node:assert/strict";
import { areVague, hasDrifted, haveMoved } from "../../lib/runtime/drift.ts";
import { normal } from "../random.ts";

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

Deno.test("haveMoved() looks at each model, and at their ratios", () => {
  const rounds = (of: (round: number) => number[]) => Array.from({ length: 16 }, (_, i) => of(i));
  assert.equal(haveMoved(rounds(() => [40, 20])), false);
  assert.equal(haveMoved(rounds((i) => i < 8 ? [40, 20] : [40, 10])), true);
  assert.equal(haveMoved(rounds((i) => i < 8 ? [40, 20] : [30, 20])), true);
  // Both swing by a third from round to round, alike; from the eighth on the second is slower by 10 %.
  const swing = (i: number) => i % 2 === 0 ? 40 : 60;
  assert.equal(haveMoved(rounds((i) => [swing(i), swing(i)])), false);
  assert.equal(haveMoved(rounds((i) => [swing(i), swing(i) * (i < 8 ? 1 : 1.1)])), true);
  assert.equal(haveMoved([]), false);
});

Deno.test("areVague() asks for more rounds until the ratio is known to 10 %", () => {
  const rounds = (count: number, step: number) =>
    Array.from({ length: count }, (_, i) => [10, 10 * (1 + (i % 5 - 2) * step)]);
  assert.equal(areVague(rounds(15, 0.01)), false);
  assert.equal(areVague(rounds(15, 0.2)), true); // quartiles at 0.8 and 1.2
  assert.equal(areVague(rounds(300, 0.2)), false); // 0.37 / 17 = 0.021
  assert.equal(areVague(Array.from({ length: 8 }, (_, i) => [10 + i])), false); // one has no ratio
});
