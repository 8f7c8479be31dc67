import assert from "node:assert/strict";
import { settling } from "../../lib/cost/settling.ts";

/** A timer of two subgraphs that takes these times, one after another; how often it was asked. */
function takes(...sums: number[]) {
  let asked = 0;
  const timer = settling(() => {
    const ms = sums[Math.min(asked++, sums.length - 1)]! / 2;
    const time = { ms, input: "float" as const, output: "float" as const };
    return Promise.resolve([1, 2].map(() => ({ ...time, conversions: [], runs: [] })));
  });
  return async () => [(await timer([]))!.reduce((sum, { ms }) => sum + ms, 0), asked];
}

Deno.test("settling() measures until times fall no more, and gives the last", async () => {
  assert.deepEqual(await takes(2, 1, 0.9, 0.89)(), [0.89, 4]);
  assert.deepEqual(await takes(1, 1)(), [1, 2]);
  assert.deepEqual(await takes(1, 1.5)(), [1.5, 2]);
});

Deno.test("settling() gives up on what falls for ever, and on a runtime that does not tell", async () => {
  assert.deepEqual(await takes(10, 9, 8, 7, 6, 5)(), [6, 5]);
  assert.equal(await settling(() => Promise.resolve(undefined))([]), undefined);
});
