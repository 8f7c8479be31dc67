import assert from "node:assert/strict";
import { timeUntilSteady } from "../../lib/runtime/time_until_steady.ts";

/** When runs of these times end. */
function ends(...times: number[]): number[] {
  let now = 0;
  return times.map((ms) => now += ms);
}

Deno.test("timeUntilSteady() ends behind the last slow runs, and overlooks a single one", () => {
  assert.equal(timeUntilSteady(ends(20, 9, 9, 6, 6, 6), 6), 38);
  assert.equal(timeUntilSteady(ends(20, 9, 6, 6, 30, 6, 6), 6), 29);
  assert.equal(
    timeUntilSteady(ends(20, 9, 6, 6, 9, 9, 6), 6),
    59,
    "flat for a while, and not yet warm",
  );
  assert.equal(timeUntilSteady(ends(20, 6.5, 6.5, 6), 6), 20, "within 10 %");
});

Deno.test("timeUntilSteady() looks at short runs five milliseconds at a time", () => {
  // 4 + 2, 2 + 2 + 2, 1 + 1 + 1 + 1 + 1: three runs a span at most are slow
  assert.equal(timeUntilSteady(ends(4, 2, 2, 2, 2, 1, 1, 1, 1, 1), 1), 12);
});

Deno.test("timeUntilSteady() of a model that is steady from the start is its first run", () => {
  assert.equal(timeUntilSteady(ends(6, 6, 6), 6), 6);
  assert.equal(timeUntilSteady(ends(1, 1), 1), 2, "there was no whole span");
});
