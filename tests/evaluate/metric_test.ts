import assert from "node:assert/strict";
import { infoOf, scoreScale } from "../../lib/evaluate/metric.ts";
import { METRICS } from "../../lib/evaluate/metrics.ts";
import { sqnr } from "../../lib/evaluate/metrics/sqnr.ts";
import { metricInfo } from "../../lib/record/metric_info.ts";
import { logits, score } from "./scored.ts";

Deno.test("infoOf() fills in what a metric leaves out, by its unit", () => {
  const share = infoOf({ name: "top-5", unit: "%", higherIsBetter: true });
  assert.deepEqual(share, {
    ...{ name: "top-5", unit: "%", digits: 1, higherIsBetter: true },
    ...{ share: true, maxDrop: 0.5 },
  });
  const other = infoOf({ name: "error", unit: "mm", higherIsBetter: false });
  assert.deepEqual(other, { name: "error", unit: "mm", higherIsBetter: false, share: false });
});

Deno.test("infoOf() is a record, and keeps nothing of what a metric computes", () => {
  for (const make of METRICS.values()) {
    assert.deepEqual(metricInfo.parse(infoOf(make())), infoOf(make()));
  }
  assert.deepEqual(infoOf(sqnr()), {
    ...{ name: "SQNR", unit: "dB", digits: 1, higherIsBetter: true, share: false },
    ...{ perfect: 150, maxDrop: 120, signalToNoise: true },
  });
});

Deno.test("a metric's value of float32 against itself is what it says", () => {
  const outputs = logits(0.1, 0.7, 0.2);
  for (const make of METRICS.values()) {
    const metric = make();
    if (metric.perfect === undefined) continue;
    assert.equal(score(metric, outputs) * scoreScale(metric), metric.perfect, metric.name);
  }
});
