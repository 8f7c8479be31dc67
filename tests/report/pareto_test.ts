import assert from "node:assert/strict";
import { paretoFront } from "../../lib/report/pareto.ts";

const point = (cost: number, loss: number) => ({ cost, loss });

Deno.test("paretoFront() keeps what no other point beats, cheapest first", () => {
  const points = [point(3, 0), point(1, 5), point(2, 6), point(2, 2), point(4, 0)];
  assert.deepEqual(paretoFront(points), [point(1, 5), point(2, 2), point(3, 0)]);
});

Deno.test("paretoFront() keeps the first of equal points, and the better of equally cheap ones", () => {
  const [first, second] = [point(1, 1), point(1, 1)];
  assert.deepEqual(paretoFront([first, second]), [first]);
  assert.equal(paretoFront([first, second])[0], first);
  assert.deepEqual(paretoFront([point(1, 2), point(1, 1)]), [point(1, 1)]);
});

Deno.test("paretoFront() of nothing is nothing, of one point that point", () => {
  assert.deepEqual(paretoFront([]), []);
  assert.deepEqual(paretoFront([point(1, 1)]), [point(1, 1)]);
});

Deno.test("paretoFront() agrees with comparing every pair", () => {
  for (let seed = 1; seed <= 50; seed++) {
    let state = seed;
    const random = () => (state = state * 16807 % 2147483647) % 12;
    const points = Array.from({ length: 30 }, () => point(random(), random()));
    const beats = (a: typeof points[0], b: typeof points[0]) =>
      a.cost <= b.cost && a.loss <= b.loss && (a.cost < b.cost || a.loss < b.loss);
    const plain = points.filter((p) => !points.some((q) => beats(q, p)));
    const key = (p: typeof points[0]) => `${p.cost} ${p.loss}`;
    assert.deepEqual(
      new Set(paretoFront(points).map(key)),
      new Set(plain.map(key)),
      `seed ${seed}`,
    );
  }
});
