import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { meanInterval, shareInterval, studentT, wilson } from "../../lib/evaluate/interval.ts";
import { generator } from "../random.ts";

function assertInterval(
  { low, high }: { low: number; high: number },
  expected: readonly [number, number],
  tolerance = 1e-9,
) {
  assertAlmostEquals(low, expected[0], tolerance);
  assertAlmostEquals(high, expected[1], tolerance);
}

Deno.test("wilson() gives the published intervals, and statsmodels' to nine digits", () => {
  // Newcombe 1998, Statistics in Medicine 17, 857-872, table I, to four digits.
  assertInterval(wilson(81 / 263, 263), [0.2553, 0.3662], 5e-5);
  assertInterval(wilson(15 / 148, 148), [0.0624, 0.1605], 5e-5);
  assertInterval(wilson(0, 20), [0, 0.1611], 5e-5);
  assertInterval(wilson(1 / 29, 29), [0.0061, 0.1718], 5e-5);
  // statsmodels 0.15.0, proportion_confint(k, n, method="wilson")
  assertInterval(wilson(471 / 500, 500), [0.9179438121, 0.9593162709]);
  assertInterval(wilson(1, 500), [0.9923756595, 1]);
});

Deno.test("wilson() reaches 0 and 1 exactly where no sample, or every sample, counts", () => {
  assertEquals(wilson(0, 7).low, 0);
  assertEquals(wilson(1, 7).high, 1);
});

Deno.test("wilson() holds the truth about 95 times in 100", () => {
  // 300 samples of a network that is right 94 times in 100.
  const random = generator(1);
  let held = 0;
  for (let study = 0; study < 2000; study++) {
    let right = 0;
    for (let i = 0; i < 300; i++) if (random() < 0.94) right++;
    const { low, high } = wilson(right / 300, 300);
    if (low <= 0.94 && 0.94 <= high) held++;
  }
  assertAlmostEquals(held / 2000, 0.95, 0.015);
});

Deno.test("shareInterval() is Wilson's for scores that are right or wrong", () => {
  const scores = Float64Array.from({ length: 50 }, (_, i) => i < 47 ? 1 : 0);
  const { low, high } = wilson(47 / 50, 50);
  assertInterval(shareInterval(scores), [low, high], 1e-12);
  assertInterval(shareInterval(new Float64Array(9).fill(1)), [wilson(1, 9).low, 1], 1e-12);
});

Deno.test("shareInterval() counts scores between as more samples", () => {
  // Mean 0.85, variance 0.065: 10 * 0.85 * 0.15 / 0.065 = 19.6 samples; statsmodels 0.15.0 with these.
  const scores = Float64Array.of(1, 1, 0.5, 0.75, 1, 1, 0.25, 1, 1, 1);
  assertInterval(shareInterval(scores), [0.637228276977463, 0.948134765078318]);
});

Deno.test("meanInterval() is Student's t", () => {
  // scipy 1.17.1, stats.t.interval(0.95, 6, loc=mean, scale=sem)
  const scores = Float64Array.of(0.1, -0.2, 0.35, 0, 0.05, -0.15, 0.4);
  assertInterval(meanInterval(scores), [-0.13309695807326977, 0.29023981521612696]);
  assertInterval(meanInterval(Float64Array.of(3, 3, 3)), [3, 3]);
  assertThrows(() => meanInterval(Float64Array.of(1)), RangeError, "at least 2");
});

Deno.test("studentT() gives scipy's quantiles for odd and even degrees of freedom", () => {
  // scipy 1.17.1, stats.t.ppf(0.975, df)
  const quantiles = new Map([
    [1, 12.706204736174694],
    [2, 4.302652729749462],
    [3, 3.1824463052837078],
    [4, 2.7764451051977934],
    [9, 2.262157162798205],
    [29, 2.045229642132703],
    [30, 2.0422724563012378],
    [499, 1.9647293909876886],
    [1999, 1.9611514201705613],
  ]);
  for (const [df, expected] of quantiles) assertAlmostEquals(studentT(df), expected, 1e-9);
});
