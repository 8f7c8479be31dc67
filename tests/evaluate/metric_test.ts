import assert from "node:assert/strict";
import { bySample, infoOf, scoreScale } from "../../lib/evaluate/metric.ts";
import { METRICS } from "../../lib/evaluate/metrics.ts";
import { f1 } from "../../lib/evaluate/metrics/f1.ts";
import { sqnr } from "../../lib/evaluate/metrics/sqnr.ts";
import { metricInfo } from "../../lib/record/study_schema.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
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
  const boxes = float32([2, 4], [0, 0, 1, 1, 2, 2, 3, 4]);
  const mask = float32([1, 1, 2, 2], [0.1, 0.9, 0.8, 0.3]);
  const outputs = { ...logits(0.1, 0.7, 0.2), boxes, mask };
  for (const make of METRICS.values()) {
    const metric = make();
    if (metric.perfect === undefined) continue;
    assert.equal(score(metric, outputs) * scoreScale(metric), metric.perfect, metric.name);
  }
});

Deno.test("--metric help has something to say of every metric", () => {
  for (const make of METRICS.values()) {
    const { name, about, needs } = make();
    assert.ok(about && needs, name);
  }
});

Deno.test("bySample() makes the mean of samples of a pooled metric, and leaves others alone", () => {
  const [whole, plain] = [f1(), sqnr()];
  const metric = bySample(whole);
  assert.equal(metric.name, "F1, mean of samples");
  assert.equal(metric.pooled, undefined);
  assert.equal(score(metric, logits(0, 1), undefined, 1), 100);
  assert.equal(bySample(plain), plain);
});
