/** A point of a trade-off: less cost and less loss are better. */
export interface TradeOff {
  readonly cost: number;
  readonly loss: number;
}

/**
 * The pareto front: the points that no other point beats, or equals in one and beats in the other.
 * Returned cheapest first; of equal points the first given stays.
 *
 * @example
 * ```ts
 * import { paretoFront } from "./pareto.ts";
 * import assert from "node:assert/strict";
 * const points = [{ cost: 1, loss: 0 }, { cost: 0.4, loss: 1 }, { cost: 0.5, loss: 2 }];
 * assert.deepEqual(paretoFront(points), [{ cost: 0.4, loss: 1 }, { cost: 1, loss: 0 }]);
 * ```
 */
export function paretoFront<T extends TradeOff>(points: readonly T[]): T[] {
  const front: T[] = [];
  for (const point of points.toSorted((a, b) => a.cost - b.cost || a.loss - b.loss)) {
    const last = front.at(-1);
    if (last === undefined || point.loss < last.loss) front.push(point);
  }
  return front;
}
