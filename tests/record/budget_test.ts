import assert from "node:assert/strict";
import { infoOf } from "../../lib/evaluate/metric.ts";
import { sqnr } from "../../lib/evaluate/metrics/sqnr.ts";
import { top1 } from "../../lib/evaluate/metrics/top1.ts";
import { describeLimit, drop, isWithin, worstCaseDrop } from "../../lib/record/budget.ts";

const error = infoOf({ name: "error", unit: "mm", higherIsBetter: false });
const difference = { value: -0.4, low: -0.9, high: 0.1, n: 400 };

Deno.test("drop() is above 0 for a loss, whichever way the metric counts", () => {
  assert.equal(drop(infoOf(top1()), { value: -0.4 }), 0.4);
  assert.equal(drop(error, { value: -0.4 }), -0.4);
});

Deno.test("worstCaseDrop() is what was measured of a share, and the worse end of any other metric", () => {
  assert.equal(worstCaseDrop(infoOf(top1()), difference), 0.4);
  assert.equal(worstCaseDrop(infoOf(sqnr()), difference), 0.9);
  assert.equal(worstCaseDrop(error, difference), 0.1);
  const percent = infoOf({ name: "WER", unit: "%", higherIsBetter: false, share: false });
  assert.equal(worstCaseDrop(percent, difference), 0.1, "the unit decides nothing");
});

Deno.test("isWithin() takes what only binary arithmetic makes too large", () => {
  assert.equal(isWithin({ maxDrop: 0.5 }, 94.6 - 94.1), true); // 0.49999...9 or 0.5000...1
  assert.equal(isWithin({ maxDrop: 0.5 }, 0.5001), false);
});

Deno.test("describeLimit() gives shares in points, and says what others are judged by", () => {
  const limit = (metric: typeof error, maxDrop: number) => describeLimit({ metric, maxDrop });
  assert.equal(limit(infoOf(top1()), 0.5), "0.5 points of top-1");
  assert.equal(limit(infoOf(top1()), 1), "1 point of top-1");
  assert.equal(limit(error, 0.3), "0.3 mm of error (judged by the worse end of the interval)");
  const bare = infoOf({ name: "loss", unit: "", higherIsBetter: false });
  assert.equal(limit(bare, 0.1 + 0.2), "0.3 of loss (judged by the worse end of the interval)");
});
