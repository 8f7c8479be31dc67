import assert from "node:assert/strict";
import { medianInterval } from "../../lib/evaluate/median_interval.ts";
import { median, quantile } from "../../lib/tensor/quantile.ts";

const ranks = (n: number) => Float64Array.from({ length: n }, (_, i) => n - i);

Deno.test("quantile() is numpy's default", () => {
  // numpy 2.4.6: np.quantile([3, 1, 4, 1, 5, 9, 2, 6], [0.25, 0.5, 0.75])
  const values = [3, 1, 4, 1, 5, 9, 2, 6];
  assert.deepEqual([0.25, 0.5, 0.75].map((share) => quantile(values, share)), [1.75, 3.5, 5.25]);
  assert.deepEqual([0, 1].map((share) => quantile(values, share)), [1, 9]);
  assert.equal(median([7]), 7);
  assert.equal(median([]), NaN);
  assert.deepEqual(values, [3, 1, 4, 1, 5, 9, 2, 6]);
});

Deno.test("medianInterval() takes the ranks that scipy's quantile_test takes", () => {
  // scipy 1.17.1: stats.quantile_test(range(1, n + 1), p=0.5).confidence_interval(0.95)
  const expected = new Map([
    [6, [1, 6]],
    [7, [1, 7]],
    [8, [1, 8]],
    [15, [4, 12]],
    [20, [6, 15]],
    [25, [8, 18]],
    [50, [18, 33]],
    [100, [40, 61]],
    [101, [41, 61]],
  ]);
  for (const [n, [low, high]] of expected) {
    const value = (n + 1) / 2;
    assert.deepEqual(medianInterval(ranks(n)), { value, low, high, n });
  }
});

Deno.test("medianInterval() of few values is all of them, and goes on to thousands", () => {
  assert.deepEqual(medianInterval([5]), { value: 5, low: 5, high: 5, n: 1 });
  assert.deepEqual(medianInterval(ranks(5)), { value: 3, low: 1, high: 5, n: 5 });
  // Exact ranks below the limit and the normal approximation above it meet.
  const width = (n: number) => {
    const { low, high } = medianInterval(ranks(n));
    return high - low;
  };
  assert.ok(Math.abs(width(1001) - width(1000)) <= 3);
  assert.ok(width(5000) > 130 && width(5000) < 145);
  assert.throws(() => medianInterval([]), RangeError);
});

Deno.test("medianInterval() is not moved by one slow round", () => {
  const values = Array.from({ length: 15 }, (_, i) => 1 + i / 100);
  const { high } = medianInterval([...values.slice(0, 14), 1000]);
  assert.equal(high, medianInterval(values).high);
});
