import assert from "node:assert/strict";
import { explainSpread, spreadOf } from "../../lib/calibrate/spread.ts";
import { addValues, emptyStatistics } from "../../lib/calibrate/statistics.ts";
import { normal } from "../random.ts";

const seen = (values: ArrayLike<number>) => addValues(emptyStatistics(), Float32Array.from(values));

Deno.test("spreadOf() leaves values of 0 out, and stretches the range to 0", () => {
  // 1,000 values in [4, 5), and as many zeros as a Relu makes.
  const values = Array.from({ length: 1000 }, (_, i) => 4 + i / 1000);
  const plain = spreadOf(seen(values))!;
  const { bulk, kurtosis, min, max } = spreadOf(seen([...values, ...Array(9000).fill(0)]))!;
  assert.deepEqual([min, Math.round(max)], [0, 5]);
  assert.ok(Math.abs(bulk - plain.bulk) < 0.01 && bulk > 0.98, `${bulk} ${plain.bulk}`);
  assert.ok(Math.abs(kurtosis - 1.8) < 0.02, "of an even distribution");
});

Deno.test("spreadOf() says which share of the range holds 99.9 % of the values", () => {
  // One of 5,000 reaches 2.6, the others 1: a share of 1 / 2.6.
  const values = Array.from({ length: 5000 }, (_, i) => (i + 1) / 5000);
  const { bulk } = spreadOf(seen([...values, 2.6]))!;
  assert.ok(Math.abs(bulk - 1 / 2.6) < 0.01, `${bulk}`);
  assert.match(
    explainSpread("x", spreadOf(seen([...values, 2.6]))!)!,
    /^0\.1 % of the values of x take 6\d % of its range \[0\.0002, 2\.6\]: clip them/,
  );
});

Deno.test("spreadOf() of nothing, or of nothing but zeros, is undefined", () => {
  assert.equal(spreadOf(emptyStatistics()), undefined);
  assert.equal(spreadOf(seen([0, 0, 0])), undefined);
});

Deno.test("explainSpread() speaks of outliers from half of the range on", () => {
  const spread = (bulk: number) => ({ min: -1, max: 3, kurtosis: 3, bulk });
  assert.equal(explainSpread("x", spread(0.51)), undefined);
  assert.match(explainSpread("x", spread(0.5))!, /take 50 % of its range \[-1, 3\]/);
  assert.match(explainSpread("x", spread(0.001))!, /take 99 %/, "never all of it");
});

Deno.test("spreadOf() tells a few outliers from values that are merely wide", () => {
  const wide = spreadOf(addValues(emptyStatistics(), normal(20_000, 1)))!;
  assert.ok(Math.abs(wide.kurtosis - 3) < 0.3, `${wide.kurtosis}`);
  assert.ok(wide.bulk > 0.7);
  assert.equal(explainSpread("x", wide), undefined);
  const values = normal(20_000, 1);
  values.fill(100, 0, 10); // 0.05 %
  const rare = spreadOf(addValues(emptyStatistics(), values))!;
  assert.ok(rare.kurtosis > 100);
  assert.match(explainSpread("x", rare)!, /^0\.1 % of the values of x take 9\d % of its range/);
  assert.equal(spreadOf(addValues(emptyStatistics(), new Float32Array(9))), undefined);
});
