import type { LoadRatios } from "../record/load_ratios.ts";
import type { LoadCost } from "../passes/load_facts.ts";
import type { Limit } from "./placement.ts";

/** What the runtime itself takes, for the smallest of models in a new process. */
const OWN: LoadCost = { createMs: 100, heapBytes: 17e6 };

/** What the runtime itself needs of that heap while a network runs. */
const OWN_RUNNING = 10.7e6;

/** Bytes of the heap for each that stands in memory while a network runs: it grows by steps. */
const HEAP_RUNNING = 1.2;

/** What an estimate may take at most, so that its error does not carry it over the limit. */
const SHARE = 0.9;

/** What a model may take. */
export interface LoadBudget extends LoadCost {
  /** Bytes of values that may stand in memory at once while it runs. */
  readonly workingBytes: number;
}

/**
 * What a model may take at most.
 *
 * @param workingBytes Of the model as given, see `workingBytes()`. The heap of six forms of one
 * network was estimated within 14 % of what was measured.
 */
export function loadBudget(
  given: LoadCost,
  workingBytes: number,
  { maxCreate, maxHeap }: LoadRatios,
): LoadBudget {
  const running = OWN_RUNNING + HEAP_RUNNING * workingBytes;
  const most = (part: keyof LoadCost, ratio: number) =>
    Math.max(given[part], SHARE * ratio * (OWN[part] + given[part]) - OWN[part]);
  const heap = Math.max(1, SHARE * maxHeap) * (running + given.heapBytes);
  return {
    createMs: most("createMs", maxCreate),
    heapBytes: most("heapBytes", maxHeap),
    workingBytes: (heap - given.heapBytes - OWN_RUNNING) / HEAP_RUNNING,
  };
}

/** What parts of a model take together. */
export function sumOfLoads(parts: readonly LoadCost[]): LoadCost {
  return parts.reduce((sum, { createMs, heapBytes }) => ({
    createMs: sum.createMs + createMs,
    heapBytes: sum.heapBytes + heapBytes,
  }), { createMs: 0, heapBytes: 0 });
}

/** The largest of some budgets as limits of a placement, to which rounding adds nothing. */
export function loadLimits(budgets: readonly LoadCost[]): Limit[] {
  const parts = budgets.map(loadTakes);
  return [0, 1].map((l) => ({
    most: Math.max(...parts.map((part) => part[l]!)),
    rounding: () => 0,
  }));
}

/** What a choice takes of these. */
export function loadTakes({ createMs, heapBytes }: LoadCost): number[] {
  return [createMs, heapBytes];
}
