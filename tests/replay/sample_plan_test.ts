import assert from "node:assert/strict";
import type { Metric } from "../../lib/evaluate/metric.ts";
import { agreement } from "../../lib/evaluate/metrics/agreement.ts";
import { sqnr } from "../../lib/evaluate/metrics/sqnr.ts";
import { top1 } from "../../lib/evaluate/metrics/top1.ts";
import { samplePlan } from "../../lib/replay/sample_plan.ts";
import { evaluationOf, fakeReplay, row } from "./fake_replay.ts";

function planOf(
  outputs: readonly ReturnType<typeof row>[],
  metric: Metric,
  options: { labels?: readonly number[]; screening?: number; seed?: number } = {},
) {
  const { labels, ...more } = options;
  const { replay } = fakeReplay(outputs, {}, labels ? { labels } : {});
  return samplePlan({ replay, metric, float32: evaluationOf(outputs, metric, replay), ...more });
}

const rows = (count: number) => Array.from({ length: count }, (_, i) => row(i + 1, 0));

Deno.test("samplePlan() draws every sample once, the same ones for the same seed", () => {
  const [a, again, b] = [0, 0, 1].map((seed) => planOf(rows(50), sqnr(), { seed }));
  assert.deepEqual(a!.order.toSorted((x, y) => x - y), rows(50).map((_, i) => i));
  assert.deepEqual(again!.order, a!.order);
  assert.notDeepEqual(b!.order, a!.order);
  assert.deepEqual(a!.screening, a!.order.slice(0, 16));
});

Deno.test("samplePlan() looks up to three times: at the screening samples, at four times them, at all", () => {
  const looksAt = (count: number) => planOf(rows(count), sqnr(), { screening: 4 }).looks;
  assert.deepEqual(looksAt(50), [4, 16, 50]);
  assert.deepEqual(looksAt(16), [4, 16]);
  assert.deepEqual(looksAt(15), [4, 15]);
  assert.deepEqual(looksAt(3), [3], "more screening samples than there are");
});

Deno.test("samplePlan() knows the margins of classes, and takes the eight closest samples along", () => {
  const { margins, looks, closest } = planOf(rows(30), agreement());
  assert.equal(looks, undefined);
  assert.deepEqual(margins, rows(30).map((_, i) => i + 1));
  assert.deepEqual(closest, [0, 1, 2, 3, 4, 5, 6, 7]);
});

Deno.test("samplePlan() leaves out samples without a label where the metric needs it", () => {
  const labels = [0, -1, 1, -1];
  assert.deepEqual(planOf(rows(4), top1(), { labels }).order.toSorted(), [0, 2]);
  assert.equal(planOf(rows(4), agreement(), { labels }).order.length, 4);
});

Deno.test("samplePlan() goes by looks where the output is the class itself", () => {
  const ids = rows(8).map(() => ({
    y: { type: "int32" as const, dims: [1], data: Int32Array.of(3) },
  }));
  const { margins, looks, closest } = planOf(ids, agreement(), { screening: 4 });
  assert.deepEqual([margins, looks, closest], [undefined, [4, 8], []]);
});
