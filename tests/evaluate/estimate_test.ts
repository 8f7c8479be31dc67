import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { estimateDifference, estimateMean } from "../../lib/evaluate/estimate.ts";
import { wilson } from "../../lib/evaluate/interval.ts";
import { agreement } from "../../lib/evaluate/metrics/agreement.ts";
import { sqnr } from "../../lib/evaluate/metrics/sqnr.ts";
import { infoOf } from "../../lib/evaluate/metric.ts";
import { top1 } from "../../lib/evaluate/metrics/top1.ts";
import { tango } from "../../lib/evaluate/paired.ts";

const PLAIN = { share: false };

Deno.test("estimateMean() gives shares in percent, and leaves out what was not scored", () => {
  const { value, low, high, n } = estimateMean(Float64Array.of(1, 0, NaN, 1, 1), infoOf(top1()));
  assertEquals([value, n], [75, 4]);
  assertAlmostEquals(low, 100 * wilson(0.75, 4).low, 1e-9);
  assertAlmostEquals(high, 100 * wilson(0.75, 4).high, 1e-9);
});

Deno.test("estimateMean() gives other scores as they are", () => {
  const { value, low, high, n } = estimateMean(Float64Array.of(30, 32, 34), infoOf(sqnr()));
  assertEquals([value, n], [32, 3]);
  assertAlmostEquals(high - 32, 4.302652729749462 * 2 / Math.sqrt(3), 1e-9);
  assertAlmostEquals(32 - low, high - 32, 1e-9);
});

Deno.test("estimateMean() refuses too few scores", () => {
  assertThrows(() => estimateMean(Float64Array.of(NaN), infoOf(top1())), RangeError, "no sample");
  assertThrows(() => estimateMean(Float64Array.of(30), infoOf(sqnr())), RangeError, "at least 2");
});

Deno.test("estimateDifference() pairs right and wrong by Tango's interval, in points", () => {
  const candidate = Float64Array.of(1, 1, 0, 0, 1, 0, NaN);
  const reference = Float64Array.of(1, 1, 1, 0, 0, 1, 1);
  const { value, low, high, n } = estimateDifference(candidate, reference, infoOf(top1()));
  assertEquals(n, 6);
  assertAlmostEquals(value, 100 * -1 / 6, 1e-9);
  assertAlmostEquals(low, 100 * tango(1, 2, 6).low, 1e-9);
  assertAlmostEquals(high, 100 * tango(1, 2, 6).high, 1e-9);
});

Deno.test("estimateDifference() moves the interval of closeness to float32 itself", () => {
  const same = new Float64Array(10).fill(1);
  const candidate = Float64Array.from(same, (_, i) => i < 9 ? 1 : 0);
  const { value, low, high } = estimateDifference(candidate, same, infoOf(agreement()));
  assertAlmostEquals(value, -10, 1e-9);
  assertAlmostEquals(low, 100 * wilson(0.9, 10).low - 100, 1e-9);
  assertAlmostEquals(high, 100 * wilson(0.9, 10).high - 100, 1e-9);
});

Deno.test("estimateDifference() takes Student's t over the differences of other scores", () => {
  // The same seven differences as in the interval's own test, around scores that vary far more.
  const reference = Float64Array.of(10, 20, 30, 40, 50, 60, 70);
  const differences = [0.1, -0.2, 0.35, 0, 0.05, -0.15, 0.4];
  const candidate = reference.map((score, i) => score + differences[i]!);
  const { value, low, high } = estimateDifference(candidate, reference, PLAIN);
  assertAlmostEquals(value, 0.07857142857142858, 1e-9);
  assertAlmostEquals(low, -0.13309695807326977, 1e-9);
  assertAlmostEquals(high, 0.29023981521612696, 1e-9);
});

Deno.test("estimateDifference() of shares that never differ is not sure that none ever does", () => {
  const shares = Float64Array.of(0.5, 0.25, 1);
  const { value, high } = estimateDifference(shares, shares, { share: true });
  assertEquals(value, 0);
  assertAlmostEquals(high, 100 * tango(0, 0, 3).high, 1e-9);
  assertEquals(estimateDifference(shares, shares, PLAIN), { value: 0, low: 0, high: 0, n: 3 });
});

Deno.test("estimateDifference() refuses scores of other samples", () => {
  const scores = Float64Array.of(1, NaN);
  assertThrows(() => estimateDifference(scores, Float64Array.of(1), infoOf(top1())), RangeError);
  const others = Float64Array.of(NaN, 1);
  assertThrows(() => estimateDifference(scores, others, infoOf(top1())), RangeError, "no sample");
});
