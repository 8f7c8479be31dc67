import assert from "node:assert/strict";
import { cosine } from "../../lib/evaluate/metrics/cosine.ts";
import { sqnr } from "../../lib/evaluate/metrics/sqnr.ts";
import { infoOf } from "../../lib/evaluate/metric.ts";
import {
  count,
  decimal,
  factor,
  factorInterval,
  megabytes,
  metricFormat,
  signed,
} from "../../lib/report/format.ts";
import { around, studyOf } from "./fixture.ts";

Deno.test("decimal() writes a true minus, and never a negative zero", () => {
  assert.equal(decimal(-1.25, 1), "−1.3");
  assert.equal(decimal(-0.001, 2), "0.00");
  assert.equal(decimal(Infinity, 2), "∞");
  assert.equal(decimal(NaN, 2), "–");
});

Deno.test("signed() puts a sign before what is not zero as printed", () => {
  assert.deepEqual([0.3, -0.3, 0.001, -0.001, 0].map((x) => signed(x, 2)), [
    "+0.30",
    "−0.30",
    "0.00",
    "0.00",
    "0.00",
  ]);
});

Deno.test("count() puts commas between thousands", () => {
  assert.deepEqual([0, 999, 1000, 1234567].map(count), ["0", "999", "1,000", "1,234,567"]);
});

Deno.test("factor() keeps two digits that mean something", () => {
  assert.deepEqual([1, 0.452, 0.0123, 12.34].map(factor), ["×1.00", "×0.45", "×0.012", "×12.3"]);
  assert.equal(
    factorInterval({ value: 0.45, low: 0.441, high: 0.456, n: 15 }),
    "×0.45 [0.44, 0.46]",
  );
});

Deno.test("megabytes() counts in powers of ten and rounds into the next unit", () => {
  assert.deepEqual(
    [96, 26_400, 412_345, 999_600, 7_620_000, 54_100_000, 154_100_000].map(megabytes),
    ["96 B", "26.4 kB", "412 kB", "1.00 MB", "7.62 MB", "54.1 MB", "154 MB"],
  );
});

Deno.test("metricFormat() writes shares in percent and their differences in points", () => {
  const format = metricFormat(studyOf([]));
  assert.equal(format.value(94.25) + format.unit, "94.3 %");
  assert.equal(format.difference(-0.3) + format.differenceUnit, "−0.30 points");
  assert.equal(format.range(around(94.2, 1, 500)), "[93.2, 95.2]");
  assert.equal(format.differenceRange(around(0, 0.5, 500)), "[−0.50, +0.50]");
  assert.equal(format.budget, "0.5 points");
  assert.equal(metricFormat(studyOf([], { maxDrop: 1 })).budget, "1 point");
});

Deno.test("metricFormat() gives the budget of a relative metric as a value", () => {
  const baseline = { selection: around(150, 0, 64), latencyMs: 3 };
  const metric = infoOf(sqnr());
  assert.equal(metricFormat({ baseline, metric, maxDrop: 120 }).budget, "30 dB or more");
  const similarity = infoOf(cosine());
  const one = { selection: around(1, 0, 64), latencyMs: 3 };
  assert.equal(
    metricFormat({ baseline: one, metric: similarity, maxDrop: 0.0005 }).budget,
    "0.9995 or more",
  );
});

Deno.test("metricFormat() keeps five digits of a metric without a unit", () => {
  const of = (value: number) =>
    metricFormat({
      baseline: { selection: around(value, value / 10, 64) },
      metric: infoOf({ name: "error", unit: "", higherIsBetter: false }),
      maxDrop: 1,
    });
  assert.equal(of(1).value(0.99987), "0.9999");
  assert.equal(of(0.00031).value(0.0003123), "0.00031230");
  assert.equal(of(1532).value(1530.04), "1530.0");
});
