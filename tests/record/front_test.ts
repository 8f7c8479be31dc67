import assert from "node:assert/strict";
import { frontOf } from "../../lib/record/front.ts";

const point = (...costs: number[]) => ({ costs });
type Point = ReturnType<typeof point>;
const costsOf = ({ costs }: Point) => costs;

Deno.test("frontOf() keeps what no other point beats, cheapest first", () => {
  const points = [point(3, 0), point(1, 5), point(2, 6), point(2, 2), point(4, 0)];
  assert.deepEqual(frontOf(points, costsOf), [point(1, 5), point(2, 2), point(3, 0)]);
});

Deno.test("frontOf() keeps the first of equal points, and the better of equally cheap ones", () => {
  const [first, second] = [point(1, 1), point(1, 1)];
  assert.deepEqual(frontOf([first, second], costsOf), [first]);
  assert.equal(frontOf([first, second], costsOf)[0], first);
  assert.deepEqual(frontOf([point(1, 2), point(1, 1)], costsOf), [point(1, 1)]);
});

Deno.test("frontOf() weighs a third cost: what is worst in two may be best in it", () => {
  const points = [point(1, 1, 9), point(2, 2, 8), point(3, 3, 8), point(3, 3, 7)];
  assert.deepEqual(frontOf(points, costsOf), [point(1, 1, 9), point(2, 2, 8), point(3, 3, 7)]);
});

Deno.test("frontOf() of nothing is nothing, of one point that point", () => {
  assert.deepEqual(frontOf([], costsOf), []);
  assert.deepEqual(frontOf([point(1, 1)], costsOf), [point(1, 1)]);
});

Deno.test("frontOf() agrees with comparing every pair, in two and in three costs", () => {
  const key = ({ costs }: Point) => costs.join(" ");
  for (let seed = 1; seed <= 50; seed++) {
    let state = seed;
    const random = () => (state = state * 16807 % 2147483647) % 12;
    const points = Array.from(
      { length: 30 },
      () => point(...Array.from({ length: 2 + seed % 2 }, random)),
    );
    const beats = (a: Point, b: Point) =>
      a.costs.every((cost, i) => cost <= b.costs[i]!) &&
      a.costs.some((cost, i) => cost < b.costs[i]!);
    const plain = points.filter((p) => !points.some((q) => beats(q, p)));
    assert.deepEqual(
      new Set(frontOf(points, costsOf).map(key)),
      new Set(plain.map(key)),
      `seed ${seed}`,
    );
  }
});
