import assert from "node:assert/strict";
import { fitObserver, ownTimes } from "../../lib/cost/observer.ts";
import type { NodeTimes } from "../../lib/runtime/profile.ts";

function timed(ms: number[], tensors: number, more: Partial<NodeTimes> = {}): NodeTimes {
  const shapes = Array.from({ length: tensors }, () => [1]);
  return {
    name: "",
    opType: "",
    index: 0,
    inputs: shapes,
    outputs: [],
    executions: 1,
    ms,
    ...more,
  };
}

Deno.test("fitObserver() draws a line through two chains", () => {
  const measured = { tensors: [3, 7], really: [1, 2], seen: [5, 10], outside: 3 };
  const { inside, outside } = fitObserver(measured); // adds 4 to three tensors and 8 to seven
  assert.deepEqual([3, 7, 1].map((count) => inside(timed([], count))), [4, 8, 2]);
  assert.equal(outside, 3);
});

Deno.test("fitObserver() never says that observing makes nodes faster", () => {
  const measured = { tensors: [3, 7], really: [6, 2], seen: [5, 1], outside: -1 };
  const { inside, outside } = fitObserver(measured);
  assert.equal(inside(timed([], 5)), 0);
  assert.equal(outside, 0);
});

Deno.test("ownTimes() takes off what is in bodies, and what observing adds", () => {
  const observer = fitObserver({ tensors: [1, 2], really: [0, 0], seen: [1, 1], outside: 0.5 });
  const loop = timed([100, 100], 2);
  const body = timed([60, 60], 2, { parent: 0, executions: 4 });
  // The loop: 100 less the 60 within, 1 for itself and 4 x 0.5 between what it repeats.
  assert.deepEqual(ownTimes([loop, body], observer), [37, 56]);
});
