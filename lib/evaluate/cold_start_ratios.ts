import type { ColdStartRecord } from "../record/cold_start.ts";
import type { ColdStart, ColdStarts } from "../runtime/runtime.ts";
import { median } from "../tensor/quantile.ts";
import { medianInterval } from "./median_interval.ts";

/**
 * Compares the starts of two models, the first of them float32's: what each takes, as a ratio within
 * each round.
 *
 * @param starts As a runtime's `coldStart()` gives them, of one round or more.
 * @param candidate Column of the candidate.
 * @example
 * ```ts
 * import { coldStartRatios } from "./cold_start_ratios.ts";
 * import assert from "node:assert/strict";
 * const heapBytes = 16_777_216;
 * const float32 = { createMs: 100, firstMs: 12, heapBytes };
 * const int8 = { createMs: 150, firstMs: 9, heapBytes };
 * const { create, steady } = coldStartRatios({ starts: [[float32, int8]], clock: "thread" });
 * assert.deepEqual(create.ratio, { value: 1.5, low: 1.5, high: 1.5, n: 1 });
 * assert.equal(steady, undefined);
 * ```
 */
export function coldStartRatios(
  { starts, clock }: ColdStarts,
  candidate = 1,
): ColdStartRecord {
  const column = (model: number, of: (start: ColdStart) => number) =>
    starts.map((row) => of(row[model]!));
  const compared = (of: (start: ColdStart) => number) => {
    const [before, after] = [column(0, of), column(candidate, of)];
    return {
      baseline: median(before),
      candidate: median(after),
      ratio: medianInterval(after.map((value, round) => value / before[round]!)),
    };
  };
  const isSteady = starts.every((row) =>
    [row[0], row[candidate]].every((start) => start?.steadyMs !== undefined)
  );
  return {
    ...{ rounds: starts.length, clock },
    create: compared(({ createMs }) => createMs),
    first: compared(({ firstMs }) => firstMs),
    ...(isSteady && { steady: compared(({ steadyMs }) => steadyMs!) }),
    heap: compared(({ heapBytes }) => heapBytes),
  };
}
