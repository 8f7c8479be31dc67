import assert from "node:assert/strict";
import { defaultMaxDrop } from "../../lib/evaluate/default_budget.ts";
import type { Metric } from "../../lib/evaluate/metric.ts";
import { cosine } from "../../lib/evaluate/metrics/cosine.ts";
import { sqnr } from "../../lib/evaluate/metrics/sqnr.ts";
import { top1 } from "../../lib/evaluate/metrics/top1.ts";

Deno.test("defaultMaxDrop() is half a point of a share, 30 dB of SQNR, and of others must be given", () => {
  assert.equal(defaultMaxDrop(top1()), 0.5);
  assert.equal(defaultMaxDrop(sqnr()), 120);
  // 1 - 1 / sqrt(1.001)
  assert.ok(Math.abs(defaultMaxDrop(cosine()) - 0.00049963) < 1e-8);
  const own: Metric = { name: "error", unit: "mm", higherIsBetter: false, score: () => 1 };
  assert.equal(defaultMaxDrop({ ...own, maxDrop: 2 }), 2);
  assert.throws(() => defaultMaxDrop(own), {
    name: "UserError",
    message:
      "Cannot judge by error without a limit: give the largest accepted drop with --max-drop " +
      '(in mm), or set "maxDrop" in the metric',
  });
});
