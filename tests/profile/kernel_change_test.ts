import assert from "node:assert/strict";
import { kernelChange } from "../../lib/profile/kernel_change.ts";
import type { RunProfile } from "../../lib/runtime/profile_run.ts";

/** A profile of nodes with these milliseconds, by operator and name. */
function profile(nodes: Readonly<Record<string, number>>): RunProfile {
  const times = Object.entries(nodes);
  return {
    runs: [times.reduce((sum, [, ms]) => sum + ms, 0)],
    nodes: times.map(([key, ms], index) => {
      const [opType, name] = key.split(" ") as [string, string];
      return { name, opType, index, inputs: [], outputs: [], executions: 1, ms: [ms] };
    }),
  };
}

Deno.test("kernelChange() takes the machine's pace off, and knows a node under the number of another release", () => {
  const before = profile({ "Conv a": 4, "Conv b_token_3": 2, "Gemm c": 4 });
  const slower = profile({ "Conv a": 8, "Conv b_token_9": 9, "Gemm c": 8 });
  const found = { node: "b_token_9", opType: "Conv", before: 2, after: 9, factor: 2.25 };
  assert.deepEqual(kernelChange(before, slower), found);
});

Deno.test("kernelChange() passes over noise, short nodes, and nodes that are not in both", () => {
  const before = profile({ "Conv a": 4, "Add b": 0.01, "Gemm c": 4 });
  assert.equal(
    kernelChange(before, profile({ "Conv a": 5, "Add b": 0.03, "Gemm c": 4 })),
    undefined,
  );
  assert.equal(kernelChange(before, profile({ "Mul z": 3 })), undefined);
});
