import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { minMax, percentile } from "../../lib/calibrate/observers.ts";
import {
  addValues,
  emptyStatistics,
  mergeStatistics,
  type TensorStatistics,
} from "../../lib/calibrate/statistics.ts";
import { normal } from "../random.ts";

function seen(...batches: readonly (readonly number[] | Float32Array)[]): TensorStatistics {
  return batches.reduce<TensorStatistics>(
    (statistics, batch) => addValues(statistics, Float32Array.from(batch)),
    emptyStatistics(),
  );
}

Deno.test("minMax() keeps the ends of all batches", () => {
  assertEquals(minMax().range(seen([1, 2], [-3], [0])), { min: -3, max: 2 });
});

Deno.test("percentile() clips one outlier in ten thousand", () => {
  const values = normal(10_000, 1);
  values[1234] = 50;
  const { max } = percentile(99.95).range(seen(values));
  assertEquals(max < 4, true);
});

Deno.test("percentile() agrees with the sorted values, between neighbours", () => {
  const values = normal(20_000, 2);
  const sorted = values.toSorted();
  const { min, max } = percentile(99).range(seen(values));
  // 0.5 % of 20,000 values lie outside on each side; a bin is 2^-9 wide here.
  assertAlmostEquals(min, (sorted[99]! + sorted[100]!) / 2, 0.02);
  assertAlmostEquals(max, (sorted[19_899]! + sorted[19_900]!) / 2, 0.02);
});

Deno.test("percentile(100) is min-max", () => {
  const statistics = seen(normal(1000, 3));
  assertEquals(percentile(100).range(statistics), minMax().range(statistics));
});

Deno.test("percentile() leaves the zeros of a ReLU where they are", () => {
  const values = normal(10_000, 4).map((x) => Math.max(x, 0));
  const { min } = percentile(99.9).range(seen(values));
  assertEquals(min >= 0 && min < 1e-3, true);
});

Deno.test("percentile() gives a constant tensor its value", () => {
  assertEquals(percentile(99).range(seen([5, 5, 5])), { min: 5, max: 5 });
  assertEquals(percentile(99).range(seen([0])), { min: 0, max: 0 });
});

Deno.test("percentile() refuses shares outside (0, 100]", () => {
  for (const share of [0, -1, 101, NaN]) assertThrows(() => percentile(share), RangeError);
});

Deno.test("addValues() names the first value that is not finite", () => {
  const error = assertThrows(() => seen([1, 2, NaN]), RangeError) as RangeError;
  assertEquals(error.cause, 2);
  assertThrows(() => seen([1], [Infinity]), RangeError);
  assertThrows(() => seen([-Infinity, NaN]), RangeError);
});

Deno.test("mergeStatistics() equals seeing both parts", () => {
  const [a, b] = [normal(100, 5), normal(100, 6, 30)];
  assertEquals(mergeStatistics(seen(a), seen(b)), seen(a, b));
});
