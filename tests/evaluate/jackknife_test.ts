import assert from "node:assert/strict";
import { jackknife, sumOf } from "../../lib/evaluate/jackknife.ts";

const share = ([part = 0, whole = 0]: readonly number[]) => part / whole;

Deno.test("jackknife() gives scores whose mean is the value over all", () => {
  // 1 of 1 and 1 of 3: 2 of 4. Without the first 1/3, without the second 1.
  const scores = jackknife([[1, 1], [1, 3]], share);
  assert.equal((scores[0]! + scores[1]!) / 2, 0.5);
  // 2 * 0.5 - 1/3 and 2 * 0.5 - 1 are 2/3 apart.
  assert.ok(Math.abs(scores[0]! - scores[1]! - 2 / 3) < 1e-12);
});

Deno.test("jackknife() leaves out what was not scored and what adds nothing", () => {
  const scores = jackknife([[1, 2], undefined, [0, 0], [2, 2]], share);
  assert.deepEqual([...scores].map(Number.isNaN), [false, true, true, false]);
  assert.equal((scores[0]! + scores[3]!) / 2, 0.75);
});

Deno.test("jackknife() of one sample is its own value, and of samples alike no spread", () => {
  assert.deepEqual([...jackknife([[1, 4]], share)], [0.25]);
  assert.deepEqual([...jackknife([[1, 4], [1, 4]], share)], [0.25, 0.25]);
});

Deno.test("sumOf() adds tallies of different length", () => {
  assert.deepEqual(sumOf([[1], undefined, [2, 3]]), [3, 3]);
});
