import type { RuntimeRow } from "../record/runtime_table.ts";
import { median } from "../tensor/quantile.ts";
import { latencyRatio } from "./latency.ts";
import { medianInterval } from "./median_interval.ts";

/** What was measured of a runtime, in turns with others. */
export interface RuntimeTurns {
  /** Milliseconds of one run, `[turn][round][model]`; the model to be told of is the last, float32 before it. */
  readonly ms: readonly (readonly (readonly number[])[])[];
  /** Milliseconds of each start; none where they are not told. */
  readonly starts: readonly number[];
}

/**
 * Holds a runtime against another that had its turns with it: what a model takes and how long a start is, both as
 * ratios turn by turn; and what the model takes of float32's time in the runtime itself.
 *
 * @example
 * ```ts
 * import { compareTurns } from "./compare_turns.ts";
 * import assert from "node:assert/strict";
 * const one = { ms: [[[4, 1]], [[8, 2]]], starts: [100, 120] };
 * const other = { ms: [[[4, 2]], [[8, 4]]], starts: [200, 240] };
 * const { ms, toFirst, ratio, start } = compareTurns(other, one);
 * assert.deepEqual([ms, toFirst?.value, ratio?.value], [3, 2, 0.5]);
 * assert.deepEqual([start?.ms, start?.ratio.value], [220, 2]);
 * ```
 */
export function compareTurns(
  { ms, starts }: RuntimeTurns,
  first: RuntimeTurns,
): Pick<RuntimeRow, "ms" | "toFirst" | "ratio" | "start"> {
  const own = (round: readonly number[]) => round.at(-1)!;
  const typical = (turns: RuntimeTurns["ms"]) => turns.map((turn) => median(turn.map(own)));
  const rounds = ms.flat();
  const [here, there] = [typical(ms), typical(first.ms)];
  return {
    ms: median(rounds.map(own)),
    toFirst: medianInterval(here.map((time, turn) => time / there[turn]!)),
    ...(rounds[0]!.length > 1 && { ratio: latencyRatio({ ms: rounds }).ratio }),
    // Where a build of the runtime does not tell its start, there is nothing to compare.
    ...(starts.length > 0 && starts.length === first.starts.length && {
      start: {
        ms: median(starts),
        ratio: medianInterval(starts.map((time, round) => time / first.starts[round]!)),
      },
    }),
  };
}
