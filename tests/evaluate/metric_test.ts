import assert from "node:assert/strict";
import { MAX_SQNR, metricInfo } from "../../lib/record/metric_info.ts";
import { defaultMaxDrop } from "../../lib/evaluate/default_budget.ts";
import { infoOf, type Metric, scoreScale } from "../../lib/evaluate/metric.ts";
import { METRICS } from "../../lib/evaluate/metrics.ts";
import { agreement } from "../../lib/evaluate/metrics/agreement.ts";
import { cosine } from "../../lib/evaluate/metrics/cosine.ts";
import { defaultMetric } from "../../lib/evaluate/default_metric.ts";
import { sqnr } from "../../lib/evaluate/metrics/sqnr.ts";
import { top1 } from "../../lib/evaluate/metrics/top1.ts";
import { float32, type Tensor, type ValueType } from "../../lib/tensor/tensor.ts";

type Outputs = Record<string, Tensor>;

const score = (metric: Metric, outputs: Outputs, reference: Outputs = outputs, label?: number) =>
  metric.score({ outputs, reference, index: 0, ...(label !== undefined && { label }) });

const logits = (...values: number[]): Outputs => ({ y: float32([1, values.length], values) });

const classId = (id: bigint): Tensor<"int64"> => ({
  type: "int64",
  dims: [1],
  data: BigInt64Array.of(id),
});

Deno.test("top1() is 1 where the largest score is the label's, the first of equals", () => {
  assert.equal(score(top1(), logits(0.1, 0.7, 0.2), undefined, 1), 1);
  assert.equal(score(top1(), logits(0.1, 0.7, 0.2), undefined, 2), 0);
  assert.equal(score(top1(), logits(3, 5, 5), undefined, 1), 1);
  assert.equal(score(top1(), logits(-3, -2, -4), undefined, 1), 1);
});

Deno.test("top1() reads [1, classes, 1, 1] and [classes], as some classifiers end", () => {
  const image = { y: float32([1, 3, 1, 1], [0, 0, 9]) };
  assert.equal(score(top1(), image, undefined, 2), 1);
  assert.equal(score(top1(), { y: float32([3], [0, 9, 0]) }, undefined, 1), 1);
});

Deno.test("top1() compares an integer output with the label as it is", () => {
  assert.equal(score(top1(), { label: classId(7n) }, undefined, 7), 1);
  assert.equal(score(top1(), { label: classId(7n) }, undefined, 1000), 0);
});

Deno.test("top1() prefers scores to a class, and takes the output asked for", () => {
  const outputs = { id: classId(0n), side: float32([1, 1], [9]), y: float32([1, 2], [0, 1]) };
  assert.equal(score(top1(), outputs, undefined, 1), 1);
  assert.equal(score(top1({ output: "id" }), outputs, undefined, 1), 0);
});

Deno.test("top1() says what keeps it from scoring", () => {
  assert.throws(
    () => score(top1(), logits(0, 1, 2), undefined, 3),
    /its label 3 is outside the 3 classes of output "y"/,
  );
  assert.throws(
    () => score(top1(), { y: float32([1, 4, 2], new Float32Array(8)) }, undefined, 0),
    /output "y" has 4 positions, but there is one label/,
  );
  assert.throws(
    () => score(top1({ output: "Y1" }), logits(1, 2), undefined, 0),
    /there is no output "Y1", did you mean "y"; outputs: "y" \(float32 \[1, 2\]\)/,
  );
  assert.throws(
    () => score(top1(), { y: float32([1, 1], [1]) }, undefined, 0),
    /no output holds classes; outputs: "y" \(float32 \[1, 1\]\)/,
  );
});

Deno.test("agreement() is the share of positions with the same class", () => {
  const reference = { y: float32([1, 4, 2], [0, 1, 0, 1, 1, 0, 1, 0]) }; // 1 1 0 0
  const outputs = { y: float32([1, 4, 2], [0, 9, 3, 2, 1, 0, 8, 7]) }; // 1 0 0 0
  assert.equal(score(agreement(), outputs, reference), 0.75);
  assert.equal(score(agreement(), logits(1, 2), logits(-9, 9)), 1);
  assert.equal(score(agreement(), { y: classId(2n) }, { y: classId(3n) }), 0);
  assert.throws(
    () => score(agreement(), { y: float32([1, 1, 2], [0, 1]) }, reference),
    /output "y" has 1 positions, but float32's 4/,
  );
});

Deno.test("sqnr() is 20 dB where the noise is a tenth of the signal", () => {
  const reference = { y: float32([1, 2], [3, 4]) };
  assert.ok(Math.abs(score(sqnr(), { y: float32([1, 2], [3.3, 4.4]) }, reference) - 20) < 1e-5);
  assert.equal(score(sqnr(), reference, reference), MAX_SQNR);
  assert.equal(score(sqnr(), { y: float32([1, 2], [0, 0]) }, reference), 0);
});

Deno.test("sqnr() of silence is the one end or the other, never NaN", () => {
  const silence = { y: float32([2], [0, 0]) };
  assert.equal(score(sqnr(), silence, silence), MAX_SQNR);
  assert.equal(score(sqnr(), { y: float32([2], [0, 1]) }, silence), -MAX_SQNR);
});

Deno.test("sqnr() and cosine() take the worst float output, or those asked for", () => {
  const reference = { big: float32([2], [1000, 1000]), small: float32([2], [1, 1]) };
  const outputs = { big: float32([2], [1000, 1000]), small: float32([2], [1, -1]) };
  assert.ok(Math.abs(score(sqnr(), outputs, reference) - 10 * Math.log10(0.5)) < 1e-9);
  assert.equal(score(cosine(), outputs, reference), 0);
  assert.equal(score(cosine({ outputs: ["big"] }), outputs, reference), 1);
  const counted = { ...reference, n: classId(3n) };
  assert.equal(score(sqnr(), { ...reference, n: classId(4n) }, counted), MAX_SQNR);
});

Deno.test("cosine() is that of the angle, and of zero vectors 1 or 0", () => {
  const of = (...values: number[]) => ({ y: float32([2], values) });
  assert.ok(Math.abs(score(cosine(), of(1, 1), of(1, 0)) - Math.SQRT1_2) < 1e-9);
  assert.equal(score(cosine(), of(-2, 0), of(1, 0)), -1);
  assert.equal(score(cosine(), of(0, 0), of(0, 0)), 1);
  assert.equal(score(cosine(), of(1, 0), of(0, 0)), 0);
});

Deno.test("sqnr() refuses outputs whose shape depends on their values", () => {
  assert.throws(
    () => score(sqnr(), { y: float32([2, 4], new Float32Array(8)) }, { y: float32([0, 4], []) }),
    /output "y" is of shape \[2, 4\], but float32's of \[0, 4\]; score it with a metric of your own/,
  );
});

const output = (dims: ValueType["dims"], type: ValueType["type"] = "float32", name = "y") => ({
  name,
  type,
  dims,
});

Deno.test("defaultMetric() with labels is top-1 on the first output that can hold classes", () => {
  const name = (outputs: ValueType[]) => defaultMetric(outputs, true).name;
  assert.equal(name([output(["N", 10])]), "top-1");
  assert.equal(name([output([null, "classes"])]), "top-1");
  assert.equal(name([output(undefined)]), "top-1");
  assert.equal(name([output([1, 1000, 1, 1])]), "top-1");
  assert.equal(name([output(["N"], "int64")]), "top-1");
  const two = [output(["N", 1]), output(["N", 3], "float32", "z")];
  const outputs = { y: float32([1, 1], [5]), z: float32([1, 3], [0, 0, 1]) };
  assert.equal(score(defaultMetric(two, true), outputs, undefined, 2), 1);
  assert.throws(
    () => defaultMetric([output([1, 3, 224, "w"])], true),
    /UserError: Cannot compare labels with the network's outputs "y" \(float32 \[1, 3, 224, w\]\)/,
  );
});

Deno.test("defaultMetric() without labels is agreement for scores of classes, else SQNR", () => {
  const name = (...outputs: ValueType[]) => defaultMetric(outputs, false).name;
  assert.equal(name(output(["N", 10])), "agreement");
  assert.equal(name(output(["batch", "length", 2])), "agreement"); // a class per position
  assert.equal(name(output([1, 1000, 1, 1])), "agreement");
  assert.equal(name(output(["N", 10]), output(["N"], "int64", "id")), "agreement");
  assert.equal(name(output(["N"], "int64")), "agreement");
  assert.equal(name(output(["N", 1])), "SQNR"); // a probability, a count
  assert.equal(name(output(["N", "features"])), "SQNR"); // could be one
  assert.equal(name(output([1, 3, 672, 672])), "SQNR"); // a picture
  assert.equal(name(output([1, 1600, 1])), "SQNR");
  assert.equal(name(output(["N", 10]), output([2, "N", 128], "float32", "state")), "SQNR");
  assert.equal(name(output(undefined)), "SQNR");
});

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
