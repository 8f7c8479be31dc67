import assert from "node:assert/strict";
import { arrays } from "../../lib/data/arrays.ts";
import { baselineNotes } from "../../lib/evaluate/baseline_notes.ts";
import { wilson } from "../../lib/evaluate/interval.ts";
import type { Metric } from "../../lib/evaluate/metric.ts";
import { agreement } from "../../lib/evaluate/metrics/agreement.ts";
import { top1 } from "../../lib/evaluate/metrics/top1.ts";
import { parseModel } from "../../lib/onnx/parse_model.ts";
import { float32 } from "../../lib/tensor/tensor.ts";

const plain = parseModel("input x float32[N, 10]; output y float32[N, 10]; y = MatMul(x, x)");
const scaling = parseModel(`input x float32[N, 10]; output y float32[N, 10]
  tensor k float32[] = [0.004]
  z = Mul(x, k)
  y = MatMul(z, z)`);

/** Samples of values up to `most`, with labels of ten classes. */
function data(most: number, isWhole = false) {
  const value = (i: number) => (isWhole ? Math.round : Number)(most * (0.5 + 0.5 * Math.sin(i)));
  const x = float32([100, 10], Float32Array.from({ length: 1000 }, (_, i) => value(i)));
  return arrays({ x }, { labels: Array.from({ length: 100 }, (_, i) => i % 10) });
}

/** What is said of float32 with so many right of 100. */
function notes(right: number, dataset = data(1), metric: Metric = top1(), model = plain) {
  const { low, high } = wilson(right / 100, 100);
  const value = { value: right, low: 100 * low, high: 100 * high, n: 100 };
  const scores = Float64Array.from({ length: 100 }, (_, i) => i < right ? 1 : 0);
  return baselineNotes(model, dataset, metric, { value, scores });
}

Deno.test("baselineNotes() is silent of a network that does its work", async () => {
  assert.deepEqual(await notes(80), []);
  assert.deepEqual(await notes(80, data(255, true)), []);
  assert.deepEqual(await notes(100, data(1), agreement()), []);
});

Deno.test("baselineNotes() says that float32 guesses, and what was likely meant by the inputs", async () => {
  const [note] = await notes(9, data(255, true));
  assert.match(
    note!,
    /^float32 itself is right in 9\.0 % of 100 samples, where guessing among 10 /,
  );
  assert.match(
    note!,
    /"x" holds whole numbers from 0 to 255; was the network trained on 0 to 1 \(x \/ 255\)/,
  );
  assert.match(
    (await notes(12, data(1)))[0]!,
    /Do the labels belong to these samples, in this order/,
  );
  assert.deepEqual(await notes(25, data(1)), []); // beyond chance, if not good
});

Deno.test("baselineNotes() without labels says what the inputs look like, unless the network scales", async () => {
  const pictures = data(255, true);
  const [note, ...others] = await notes(100, pictures, agreement());
  assert.match(
    note!,
    /^Input "x" holds whole numbers from 0 to 255, as pictures are stored\. .*save x \/ 255/,
  );
  assert.deepEqual(others, []);
  assert.deepEqual(await notes(100, pictures, agreement(), scaling), []);
});

Deno.test("baselineNotes() asks after a metric of one's own that never changes", async () => {
  const mine: Metric = { name: "mine", unit: "", higherIsBetter: true, score: () => 0 };
  assert.match(
    (await notes(0, data(1), mine))[0]!,
    /^mine is 0 for all 100 samples: is it called as you think\? .*outputs, reference, label, index/,
  );
  assert.deepEqual(await notes(40, data(1), mine), []);
});

Deno.test("baselineNotes() names the random nodes, and those that stay so", async () => {
  const random = parseModel(`input x float32[N, 10]; output y float32[N, 10]; output z int32[N, 1]
    y = RandomNormalLike(x) @ /noise
    z = Multinomial(x) {sample_size=1} @ /draw`);
  const [frozen, open] = await notes(80, data(1), top1(), random);
  assert.match(
    frozen!,
    /^The network is random \(RandomNormalLike "\/noise"\)\. .* same noise in every run/,
  );
  assert.match(open!, /^What Multinomial "\/draw" gives differs from run to run/);
});

Deno.test("baselineNotes() says how many samples have no label, and that classes are counted from 0", async () => {
  const labelled = (labelOf: (index: number) => number) => {
    const x = float32([100, 10], new Float32Array(1000).fill(0.5));
    return arrays({ x }, { labels: Array.from({ length: 100 }, (_, i) => labelOf(i)) });
  };
  const some = labelled((i) => i < 7 ? -1 : i % 10);
  const few = "7 of 100 samples have no label (-1) and are left out.";
  assert.deepEqual(await notes(80, some), [few]);
  assert.deepEqual(await notes(100, some, agreement()), []); // it takes no labels
  assert.deepEqual(await notes(80, labelled((i) => i % 10 - 1)), [
    "10 of 100 samples have no label (-1) and are left out. Labels run from -1 to 8, and the network " +
    "has 10 classes: classes are counted from 0, so save labels + 1 if -1 is one of them.",
  ]);
});

Deno.test("baselineNotes() says how many samples are empty", async () => {
  const scores = Float64Array.from([NaN, 100, NaN, 100]);
  const value = { value: 100, low: 100, high: 100, n: 2 };
  const said = await baselineNotes(plain, data(1), agreement(), { value, scores });
  assert.match(said[0]!, /^In 2 of 4 samples float32 gives nothing that could be compared/);
});

Deno.test("baselineNotes() sees by the answers that labels are counted from 1, or in another order", async () => {
  const { labels } = data(1);
  const wrong = { value: 0, low: 0, high: 4, n: 100 };
  const said = async (answerOf: (label: number, index: number) => number) => {
    const answers = Array.from(labels!, answerOf);
    const results = answers.map((answer) => ({
      y: float32(
        [1, 10],
        Float32Array.from({ length: 10 }, (_, i) => i === answer ? 1 : 0),
      ),
    }));
    return (await baselineNotes(plain, data(1), top1(), { value: wrong, results }))[0]!;
  };
  assert.match(
    await said((label, i) => label > 0 ? label - 1 : i % 7),
    /counted from 0, so save labels - 1\.$/,
  );
  assert.match(await said((label) => 9 - label), /in another order than the network\.$/);
  assert.match(await said(() => 4), /Do the labels belong to these samples/);
});
