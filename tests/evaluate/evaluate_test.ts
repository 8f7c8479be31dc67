import assert from "node:assert/strict";
import { infoOf } from "../../lib/evaluate/metric.ts";
import { arrays } from "../../lib/data/arrays.ts";
import type { Dataset } from "../../lib/data/dataset.ts";
import { evaluate, type Evaluation } from "../../lib/evaluate/evaluate.ts";
import type { Metric } from "../../lib/evaluate/metric.ts";
import { agreement } from "../../lib/evaluate/metrics/agreement.ts";
import { detectionF1 } from "../../lib/evaluate/metrics/detection_f1.ts";
import { f1 } from "../../lib/evaluate/metrics/f1.ts";
import { sqnr } from "../../lib/evaluate/metrics/sqnr.ts";
import { top1 } from "../../lib/evaluate/metrics/top1.ts";
import type { Model } from "../../lib/onnx/model.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import { type Feeds, float32, type Tensor } from "../../lib/tensor/tensor.ts";

type Network = (x: number) => Record<string, Tensor>;

/** A runtime whose only network is a function of the number it is fed. */
function poolOf(network: Network): Runtime {
  return {
    async *run(_model: Model, samples: AsyncIterable<Feeds>) {
      for await (const { x } of samples) yield network(Number(x!.data[0]));
    },
  } as Partial<Runtime> as Runtime;
}

const model = { name: "net.onnx" } as Model; // the network itself is a function

function run(
  network: Network,
  dataset: Dataset,
  metric: Metric = top1(),
  reference?: Evaluation,
): Promise<Evaluation> {
  return evaluate(poolOf(network), model, dataset, metric, reference);
}

/** The numbers 0..n-1; labels as given. */
function numbers(n: number, labels?: number[]): Dataset {
  const x = float32([n, 1], Array.from({ length: n }, (_, i) => i));
  return arrays({ x }, { name: "numbers", ...(labels && { labels }) });
}

/** Says "even" or "odd" of its number. */
const parity: Network = (x) => ({ y: float32([1, 2], x % 2 === 0 ? [1, 0] : [0, 1]) });

Deno.test("evaluate() scores each sample and gives the mean with its interval", async () => {
  const { value, scores, metric, results, difference, outputs } = await run(
    parity,
    numbers(4, [0, 1, 1, 1]),
  );
  assert.deepEqual([...scores], [1, 1, 0, 1]);
  assert.deepEqual([value.value, value.n], [75, 4]);
  assert.deepEqual(metric, infoOf(top1()));
  assert.equal(results!.length, 4);
  assert.deepEqual([difference, outputs], [undefined, undefined]);
});

Deno.test("evaluate() leaves out samples without a label", async () => {
  const { value, scores } = await run(parity, numbers(4, [0, -1, 1, -1]));
  assert.deepEqual([...scores], [1, NaN, 0, NaN]);
  assert.deepEqual([value.value, value.n], [50, 2]);
});

Deno.test("evaluate() compares with a reference on the same samples", async () => {
  const data = numbers(4, [0, 1, 0, 1]);
  const reference = await run(parity, data);
  const wrongOnce: Network = (x) => parity(x === 3 ? 0 : x);
  const { difference, outputs, results } = await run(wrongOnce, data, top1(), reference);
  assert.deepEqual([difference!.value, difference!.n], [-25, 4]);
  // Signal 4, noise 2: one of four unit vectors is turned by a right angle.
  assert.ok(Math.abs(outputs!.sqnr! - 10 * Math.log10(2)) < 1e-9);
  assert.equal(outputs!.cosine, 0.75);
  assert.equal(results, undefined);
});

Deno.test("evaluate() calls outputs equal to the bit what is", async () => {
  const data = numbers(3);
  const reference = await run(parity, data, agreement());
  assert.deepEqual(reference.value, { value: 100, low: 100, high: 100, n: 3 });
  const { outputs, difference } = await run(parity, data, agreement(), reference);
  assert.deepEqual(outputs, { sqnr: null, cosine: 1 });
  assert.equal(difference!.value, 0);
});

Deno.test("evaluate() pools each output over the samples and takes the worst", async () => {
  const data = numbers(2);
  const network = (error: number): Network => (x) => ({
    exact: float32([1], [x + 1]),
    rough: float32([1], [x + 1 + error]),
  });
  const reference = await run(network(0), data, sqnr());
  const { outputs, value } = await run(network(0.5), data, sqnr(), reference);
  // Signal 1 + 4, noise 0.25 + 0.25; the mean of the samples' own figures is another.
  assert.ok(Math.abs(outputs!.sqnr! - 10) < 1e-9);
  assert.ok(Math.abs(value.value - 10 * (Math.log10(4) + Math.log10(16)) / 2) < 1e-9);
});

Deno.test("evaluate() leaves an output that changes its shape out of the closeness", async () => {
  const boxes = (count: number): Network => (x) => ({
    boxes: float32([count, 1], new Float32Array(count)),
    y: float32([1], [x + 1]),
  });
  const ones: Metric = { name: "ones", unit: "%", higherIsBetter: true, score: () => 1 };
  const reference = await run(boxes(2), numbers(2), ones);
  const { outputs } = await run(boxes(1), numbers(2), ones, reference);
  assert.deepEqual(outputs, { sqnr: null, cosine: 1 });
});

Deno.test("evaluate() names the sample and output that are not finite", async () => {
  const overflow: Network = (x) => ({ y: float32([1, 2], [x, x === 2 ? NaN : 0]) });
  await assert.rejects(run(overflow, numbers(4, [0, 0, 0, 0])), {
    name: "UserError",
    message:
      'Cannot evaluate net.onnx on numbers: its output "y" is NaN at element 1 for sample 2; ' +
      "check that this sample is scaled as the network expects it",
  });
});

Deno.test("evaluate() takes -Infinity for a mask, which must be the same in both", async () => {
  const data = numbers(2);
  const masked = (value: number, error = 0): Network => (x) => ({
    y: float32([1, 3], [value, x + 1 + error, x + 2]),
  });
  const reference = await run(masked(-Infinity), data, sqnr());
  const same = await run(masked(-Infinity, 0.5), data, sqnr(), reference);
  // Signal 1 + 4 + 4 + 9, noise 0.25 + 0.25.
  assert.ok(Math.abs(same.outputs!.sqnr! - 10 * Math.log10(18 / 0.5)) < 1e-9);
  const lost = await run(masked(-1e9, 0.5), data, sqnr(), reference);
  assert.deepEqual([lost.value.value, lost.outputs], [-150, { sqnr: -150, cosine: 0 }]);
});

Deno.test("evaluate() refuses outputs in which nothing is finite, unless all is masked", async () => {
  const of = (...values: number[]): Network => () => ({ y: float32([1, 2], values) });
  const data = numbers(2);
  await assert.rejects(run(of(Infinity, -Infinity), data, sqnr()), /"y" is Infinity at element 0/);
  assert.equal((await run(of(-Infinity, -Infinity), data, sqnr())).value.n, 2);
  assert.equal((await run(of(Infinity, 1), data, sqnr())).value.n, 2);
});

Deno.test("evaluate() leaves out samples without anything in either network", async () => {
  const boxes = (...counts: number[]): Network => (x) => ({
    boxes: float32([counts[x]!, 4], Array.from({ length: 4 * counts[x]! }, (_, i) => i)),
  });
  const data = numbers(4);
  const reference = await run(boxes(0, 2, 0, 1), data, detectionF1());
  assert.deepEqual([reference.value.value, reference.value.n], [100, 2]);
  const { value, scores } = await run(boxes(0, 1, 0, 1), data, detectionF1(), reference);
  // Of 3 boxes of float32 and 2 of the other 2 are one: 4 / 5.
  assert.ok(Math.abs(value.value - 80) < 1e-9);
  assert.deepEqual([...scores].map(Number.isNaN), [true, false, true, false]);
  assert.ok(value.high <= 100);
  await assert.rejects(run(boxes(0, 0, 0, 0), data, detectionF1()), /as the outputs are empty/);
});

Deno.test("evaluate() gives a pooled metric its value over all samples, not the mean of theirs", async () => {
  // Labels 0 0 0 1, chosen 0 0 0 0: F1 is 6/7 of class 0 and 0 of class 1; the samples' mean is 75.
  const always: Network = () => ({ y: float32([1, 2], [1, 0]) });
  const { value, metric } = await run(always, numbers(4, [0, 0, 0, 1]), f1());
  assert.ok(Math.abs(value.value - 100 * (6 / 7) / 2) < 1e-9);
  assert.equal(metric.share, false);
});

Deno.test("evaluate() leaves padding out of outputs, inputs and labels, as the mask says", async () => {
  // Two tokens and padding, in which the network gives nonsense.
  const network: Network = (x) => ({ y: float32([1, 3, 2], [x, 9, 9, 0, x * NaN, NaN]) });
  const mask = {
    type: "int64" as const,
    dims: [2, 3],
    data: BigInt64Array.of(1n, 1n, 0n, 1n, 1n, 0n),
  };
  const data = arrays({ x: float32([2, 3], [1, 2, 0, 3, 4, 0]), attention_mask: mask }, {
    labels: { type: "int32", dims: [2, 3], data: Int32Array.of(1, 0, 0, 0, 0, -1) },
  });
  const seen: number[][] = [];
  const metric: Metric = {
    ...{ name: "mine", unit: "", higherIsBetter: true, usesInputs: true },
    score({ outputs, inputs, tokenLabels }) {
      seen.push([...outputs.y!.dims, ...inputs!.x!.data as Float32Array, ...tokenLabels!]);
      return 1;
    },
  };
  await run(network, data, metric);
  assert.deepEqual(seen, [[1, 2, 2, 1, 2, 1, 0], [1, 2, 2, 3, 4, 0, 0]]);
  // The classes are 1 and 0: of the first both are right, of the second one.
  const { value, masks } = await run(network, data, top1());
  assert.equal(value.value, 75);
  assert.deepEqual(masks, [[true, true, false], [true, true, false]]);
});

Deno.test("evaluate() hands a metric of the whole the notes of all samples, by sequence", async () => {
  const metric: Metric = {
    ...{ name: "mine", unit: "", higherIsBetter: true, score: () => 0 },
    whole: {
      note: ({ index }) => index === 1 ? undefined : [index],
      scores: (units) => {
        if (units.length === 2) throw new Error("two are too few");
        return Float64Array.from(units, (notes) => notes.length === 0 ? NaN : notes[0]![0]! ** 2);
      },
    },
  };
  const { value, scores } = await run(parity, numbers(4), metric);
  assert.deepEqual([...scores], [0, NaN, 4, 9]);
  assert.ok(Math.abs(value.value - 13 / 3) < 1e-9);
  await assert.rejects(run(parity, numbers(2), metric), {
    message: "Cannot score numbers with mine: two are too few",
  });
});

Deno.test("evaluate() shows what was fed to a metric that asks for it", async () => {
  const metric: Metric = {
    ...{ name: "mine", unit: "", higherIsBetter: true, usesInputs: true },
    score: ({ inputs }) => Number(inputs!.x!.data[0]),
  };
  const { value, inputs } = await run(parity, numbers(3), metric);
  assert.equal(value.value, 1);
  assert.equal(inputs!.length, 3);
});

Deno.test("evaluate() names the sample that cannot be scored, and why", async () => {
  const metric = (score: Metric["score"], unit = ""): Metric => ({
    name: "mine",
    unit,
    higherIsBetter: true,
    score,
  });
  const refuse = (metric: Metric, message: string, labels?: number[]) =>
    assert.rejects(run(parity, numbers(3, labels), metric), { name: "UserError", message });
  await refuse(
    top1(),
    'Cannot score sample 1 of numbers with top-1: its label 2 is outside the 2 classes of output "y"',
    [0, 2, 0],
  );
  await refuse(
    metric(({ index }) => {
      if (index === 2) throw new TypeError("no such word");
      return 1;
    }),
    "Cannot score sample 2 of numbers with mine: no such word",
  );
  await refuse(
    metric(() => NaN),
    "Cannot score sample 0 of numbers with mine: the score must be a finite number, got NaN",
  );
  await refuse(
    metric(() => 94, "%"),
    "Cannot score sample 0 of numbers with mine: the score of a share (a metric in %) must be " +
      "within 0..1, got 94",
  );
  await refuse(
    top1(),
    "Cannot score numbers with top-1: none of its 3 samples has a label; bring labels, or choose a " +
      "metric that needs none, such as agreement",
    [-1, -1, -1],
  );
});

Deno.test("evaluate() refuses one sample where an interval needs two", async () => {
  const one = numbers(1);
  const reference = await run(parity, one, sqnr());
  await assert.rejects(run(parity, one, sqnr(), reference), {
    name: "UserError",
    message: "Cannot give an interval from 1 sample: at least 2 are needed (SQNR on numbers)",
  });
  assert.equal((await run(parity, numbers(1, [0]))).value.value, 100);
});

Deno.test("evaluate() refuses a reference of another data set", async () => {
  const reference = await run(parity, numbers(3), agreement());
  await assert.rejects(run(parity, numbers(2), agreement(), reference), RangeError);
});
