import assert from "node:assert/strict";
import {
  fitOverhead,
  type ObservedChain,
  ownTimes,
  profilingOverhead,
  shareOfRuns,
} from "../../lib/profile/overhead.ts";
import type { Model } from "../../lib/onnx/model.ts";
import type { NodeTimes } from "../../lib/runtime/profile_run.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";

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

/** A chain whose nodes seem to take this much longer than they do. */
function chain(tensors: number, rank: number, added: number, outside = 0): ObservedChain {
  return { tensors, axes: tensors * rank, really: 2, seen: 2 + added, outside };
}

Deno.test("fitOverhead() tells nodes, tensors and axes apart", () => {
  // 1 for the node, 2 for each tensor, 0.5 for each axis
  const { inside, outside, node } = fitOverhead([
    chain(3, 1, 8.5, 1),
    chain(7, 1, 18.5, 2),
    chain(3, 5, 14.5, 3),
  ]);
  assert.deepEqual([3, 7, 1].map((count) => inside(timed([], count))), [8.5, 18.5, 3.5]);
  assert.equal(inside(timed([], 0, { outputs: [[1, 1, 1, 1]] })), 5);
  assert.equal(outside, 2);
  assert.equal(node, 2); // what it really takes
});

Deno.test("fitOverhead() never says that observing makes nodes faster", () => {
  const { inside, outside } = fitOverhead([
    chain(3, 1, -1, -1),
    chain(7, 1, -2, -1),
    chain(3, 5, -1, -1),
  ]);
  assert.equal(inside(timed([], 5)), 0);
  assert.equal(outside, 0);
});

Deno.test("profilingOverhead() finds out for each binary by itself, and once", async () => {
  const nodeMs: Readonly<Record<string, number>> = { "plain binary": 1, "jsep binary": 2 };
  const asked: string[] = [];
  /** A runtime whose nodes take so long, and twice that while they are observed. */
  const runtimeOf = (machine: string) =>
    ({
      about: { workers: 1, threads: 1 },
      environment: () => Promise.resolve({ versions: {}, machine }),
      times: (models: readonly Model[]) => {
        asked.push(machine);
        const ms = models.map(({ graph }) => nodeMs[machine]! * graph.node.length);
        return Promise.resolve({ ms: [ms, ms], warmup: [] });
      },
      profile: ({ graph }: Model) => {
        const nodes = graph.node.map(() => timed([2 * nodeMs[machine]!], 3));
        return Promise.resolve({ runs: [2 * nodeMs[machine]! * nodes.length], nodes });
      },
    }) as unknown as Runtime;
  for (const machine of ["plain binary", "jsep binary", "plain binary"]) {
    assert.equal((await profilingOverhead(runtimeOf(machine)))!.node, nodeMs[machine]);
  }
  assert.equal(asked.length, 2 * 3); // three chains for each
});

Deno.test("ownTimes() takes off what is in bodies, and what observing adds", () => {
  const overhead = fitOverhead([chain(1, 1, 1, 0.5), chain(2, 1, 1, 0.5), chain(1, 2, 1, 0.5)]);
  const loop = timed([100, 100], 2);
  const body = timed([60, 60], 2, { parent: 0, executions: 4 });
  // The loop: 100 less the 60 within, 1 for itself and 4 x 0.5 between what it repeats.
  assert.deepEqual(ownTimes([loop, body], overhead), [37, 56]);
});

Deno.test("ownTimes() counts a branch that one run in four takes to a quarter, not to nothing", () => {
  const overhead = fitOverhead([chain(1, 1, 0), chain(2, 1, 0), chain(1, 2, 0)]);
  const nodes = [
    timed([50, 14, 14, 14], 1),
    timed([40, 0, 0, 0], 1, { parent: 0 }),
    timed([0, 8, 8, 8], 1, { parent: 0 }),
  ];
  // The If itself takes the least of 10, 6, 6, 6.
  assert.deepEqual(ownTimes(nodes, overhead), [6, 10, 6]);
  assert.deepEqual(nodes.map(shareOfRuns), [1, 0.25, 0.75]);
});
