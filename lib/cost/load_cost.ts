import type { LoadRatios } from "../record/load_ratios.ts";
import type { LoadCost } from "../passes/load_facts.ts";
import type { Limit } from "./placement.ts";

/** What the runtime itself takes, for the smallest of models in a new process. */
const OWN: LoadCost = { createMs: 100, heapBytes: 17e6 };

/** What an estimate may take at most, so that its error does not carry it over the limit. */
const SHARE = 0.9;

/** What a model may take at most to open. */
export function loadBudget(given: LoadCost, { maxCreate, maxHeap }: LoadRatios): LoadCost {
  const most = (part: keyof LoadCost, ratio: number) =>
    Math.max(given[part], SHARE * ratio * (OWN[part] + given[part]) - OWN[part]);
  return { createMs: most("createMs", maxCreate), heapBytes: most("heapBytes", maxHeap) };
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
