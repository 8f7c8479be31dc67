import assert from "node:assert/strict";
import { linearScale, logScale } from "../../lib/report/scale.ts";

Deno.test("linearScale() maps the ends of the domain to the ends of the range, either way", () => {
  const { at } = linearScale([90, 100], [400, 0], 5);
  assert.deepEqual([at(90), at(95), at(100)], [400, 200, 0]);
});

Deno.test("linearScale() steps by 1, 2 or 5, and writes no digits in vain", () => {
  assert.deepEqual(linearScale([0, 1], [0, 1], 5).ticks, [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(linearScale([-2.6, 0.7], [0, 1], 7).ticks, [-2.5, -2, -1.5, -1, -0.5, 0, 0.5]);
  assert.deepEqual(linearScale([92.3, 96.9], [0, 1], 5).ticks, [93, 94, 95, 96]);
  assert.equal(linearScale([92.3, 96.9], [0, 1], 5).decimals, 0);
  assert.equal(linearScale([0, 0.04], [0, 1], 4).decimals, 2);
});

Deno.test("logScale() puts half and double equally far from 1", () => {
  const { at } = logScale([0.25, 4], [0, 100], 8);
  assert.equal(at(1), 50);
  assert.ok(Math.abs(at(0.5) + at(2) - 100) < 1e-9);
});

Deno.test("logScale() has ticks in range, ascending, no more than asked for", () => {
  const domains: [number, number][] = [[0.2, 3], [0.05, 30], [0.001, 900], [0.9, 1.1], [0.5, 1.02]];
  for (const domain of domains) {
    const { ticks } = logScale(domain, [0, 100], 10);
    assert.ok(ticks.length >= 3 && ticks.length <= 15, `${domain}: ${ticks}`);
    assert.ok(ticks.every((tick) => tick >= domain[0] && tick <= domain[1]), `${ticks}`);
    assert.deepEqual(ticks, ticks.toSorted((a, b) => a - b));
  }
  assert.ok(logScale([0.2, 3], [0, 1], 12).ticks.includes(1));
});

Deno.test("scales refuse an empty or impossible domain", () => {
  assert.throws(() => linearScale([1, 1], [0, 1], 5), RangeError);
  assert.throws(() => linearScale([0, NaN], [0, 1], 5), RangeError);
  assert.throws(() => logScale([0, 1], [0, 1], 5), RangeError);
});
