import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { entropy } from "../../lib/calibrate/entropy.ts";
import { fixedRange } from "../../lib/calibrate/fixed_range.ts";
import { histogram } from "../../lib/calibrate/l2_histogram.ts";
import { lpNorm, mse } from "../../lib/calibrate/least_error.ts";
import { minMax, type Observer, percentile } from "../../lib/calibrate/observers.ts";
import { meanMinMax, movingAverage } from "../../lib/calibrate/sample_observers.ts";
import { normal } from "../random.ts";
import { emptyStatistics } from "../../lib/calibrate/statistics.ts";
import { seen } from "./arrays.ts";

const observers: readonly Observer[] = [
  minMax(),
  movingAverage(),
  meanMinMax(),
  percentile(99.99),
  histogram(),
  mse(),
  lpNorm(),
  entropy(),
];

for (const { name, range } of observers) {
  Deno.test(`${name} gives a range within what was seen, whatever it was`, () => {
    const cases: Record<string, readonly number[] | Float32Array> = {
      "one element": [3],
      "zeros": [0, 0, 0],
      "a constant": [-7.25, -7.25],
      "tiny values": [1e-30, -1e-30],
      "huge values": [3e38, -3e38],
      "far from zero": [1000, 1001, 1002],
      "all negative": normal(1000, 1).map((x) => -Math.abs(x)),
      "a Relu's": normal(1000, 2).map((x) => Math.max(x, 0)),
      "long tails": normal(1000, 3).map((x) => x ** 5),
    };
    for (const [what, values] of Object.entries(cases)) {
      const statistics = seen(values);
      const { min, max } = range(statistics);
      const inside = min >= statistics.min && min <= max && max <= statistics.max;
      assertEquals(inside, true, `${what}: [${min}, ${max}]`);
    }
  });
}

Deno.test("observers but the moving average do not depend on the order of the samples", () => {
  const samples = Array.from({ length: 6 }, (_, i) => normal(500, i + 1, 1 + i));
  const [forwards, backwards] = [seen(...samples), seen(...samples.toReversed())];
  for (const { name, range } of observers) {
    const [a, b] = [range(forwards), range(backwards)];
    if (name === "moving-average") assertEquals(Math.abs(a.max - b.max) > 1, true);
    else assertAlmostEquals(a.max, b.max, 1e-9);
  }
});

Deno.test("movingAverage() moves by a hundredth of the way with each sample", () => {
  const { min, max } = movingAverage().range(seen([-1, 1], [0, 2], [0, 3]));
  assertAlmostEquals(min, -0.99 * 0.99, 1e-12);
  assertAlmostEquals(max, 1.01 * 0.99 + 0.03, 1e-12);
});

Deno.test("movingAverage() and meanMinMax() leave out samples without a value", () => {
  assertEquals(meanMinMax().range(seen([], [1, 3], [])), { min: 1, max: 3 });
  const { min, max } = movingAverage().range(seen([], [1, 3], []));
  assertAlmostEquals(min, 1, 1e-12);
  assertAlmostEquals(max, 3, 1e-12);
});

Deno.test("mse() clips one end of a tensor alone", () => {
  const values = normal(100_000, 5).map((x) => x > 0 ? x ** 3 : x);
  const { min, max } = mse().range(seen(values));
  assertEquals(max < 0.95 * values.reduce((a, b) => Math.max(a, b)), true);
  assertEquals(min < -3, true);
});

Deno.test("mse() leaves pixels alone, each of which has an integer of its own", () => {
  const pixels = Float32Array.from({ length: 25_600 }, (_, i) => i % 256);
  assertEquals(mse().range(seen(pixels)), { min: 0, max: 255 });
  assertEquals(histogram().range(seen(pixels)), { min: 0, max: 255 });
});

Deno.test("entropy() and histogram() look at what is left beside the zeros of a Relu", () => {
  const positive = normal(10_000, 6).map(Math.abs);
  const rectified = new Float32Array(40_000);
  rectified.set(positive);
  for (const { range } of [entropy(), histogram(), mse()]) {
    assertEquals(range(seen(rectified)), range(seen([0, ...positive])));
  }
});

Deno.test("lpNorm() clips the less the higher its power, and at last nothing", () => {
  const statistics = seen(normal(20_000, 8).map((x) => Math.abs(x) ** 3));
  const maxima = [1, 2, 2.4, 4, 64].map((p) => lpNorm(p).range(statistics).max);
  assertEquals(maxima, maxima.toSorted((a, b) => a - b));
  assertEquals(lpNorm(2).range(statistics), mse().range(statistics));
  assertEquals(maxima.at(-1), statistics.max);
  for (const p of [0.5, NaN, Infinity]) assertThrows(() => lpNorm(p), RangeError);
});

Deno.test("fixedRange() refuses what is no interval", () => {
  for (const [min, max] of [[1, 0], [NaN, 1], [0, Infinity]] as const) {
    assertThrows(() => fixedRange({ min, max }), RangeError);
  }
});

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

Deno.test("addValues() names the first value that is not a number", () => {
  const error = assertThrows(() => seen([1, 2, NaN]), RangeError) as RangeError;
  assertEquals(error.cause, 2);
  assertEquals(
    (assertThrows(() => seen([1], [-Infinity, NaN]), RangeError) as RangeError).cause,
    1,
  );
});

Deno.test("addValues() keeps nothing of a tensor with infinities, as masks have, but that", () => {
  const mask = { ...emptyStatistics(), endless: true } as const;
  assertEquals(seen([1, 2], [0, -Infinity], [5]), mask);
  assertEquals(seen([Infinity]), mask);
});
