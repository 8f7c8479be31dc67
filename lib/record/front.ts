/**
 * The Pareto front: the points that no other point beats, which is to be no worse in any cost and
 * better in one. Lowest first cost first, then by the second, and so on; of equal points the first
 * given stays.
 *
 * @param costs What a point costs, in each respect; less is better. As many for each point.
 * @example
 * ```ts
 * import { frontOf } from "./front.ts";
 * import assert from "node:assert/strict";
 * const models = [{ ms: 10, loss: 0 }, { ms: 4, loss: 1 }, { ms: 5, loss: 2 }];
 * const front = frontOf(models, ({ ms, loss }) => [ms, loss]);
 * assert.deepEqual(front, [{ ms: 4, loss: 1 }, { ms: 10, loss: 0 }]);
 * ```
 */
export function frontOf<T>(points: readonly T[], costs: (point: T) => readonly number[]): T[] {
  const sorted = points.map((point) => ({ point, costs: costs(point) }))
    .sort((a, b) => firstDifference(a.costs, b.costs));
  // Whatever beats a point comes before it.
  const front: typeof sorted = [];
  for (const entry of sorted) {
    const isBeaten = front.some((other) => other.costs.every((cost, i) => cost <= entry.costs[i]!));
    if (!isBeaten) front.push(entry);
  }
  return front.map(({ point }) => point);
}

function firstDifference(a: readonly number[], b: readonly number[]): number {
  const i = a.findIndex((cost, i) => cost !== b[i]);
  return i < 0 ? 0 : a[i]! - b[i]!;
}
