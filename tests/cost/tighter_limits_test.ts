import assert from "node:assert/strict";
import { tighterLimits } from "../../lib/cost/tighter_limits.ts";

Deno.test("tighterLimits() takes three quarters of each limit, but no less than the network takes as it is", () => {
  const choice = { input: "float", output: "float", ms: 1 } as const;
  const kernel = { inputs: [], outputs: [], choices: [{ ...choice, takes: [1, 4] }, choice] };
  const rounding = () => 0;
  const limits = tighterLimits({
    kernels: [kernel, kernel],
    results: [],
    elements: () => 1,
    prices: () => 0,
    limits: [{ most: 8, rounding }, { most: 9, rounding }],
  });
  assert.deepEqual(limits, [{ most: 6, rounding }, { most: 8, rounding }]);
});
