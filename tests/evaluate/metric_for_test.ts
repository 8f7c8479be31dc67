import assert from "node:assert/strict";
import { arrays } from "../../lib/data/arrays.ts";
import { joinDatasets } from "../../lib/data/join_datasets.ts";
import { metricFor } from "../../lib/evaluate/metric_for.ts";
import { top1 } from "../../lib/evaluate/metrics/top1.ts";
import { parseModel } from "../../lib/onnx/parse_model.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { pacedRuntime } from "../task/tiny.ts";

/** A network of four scores. */
const model = (output = "y") =>
  parseModel(`input x float32[N, 4]; output ${output} float32[N, 4]; ${output} = Sin(x)`);

const data = (labels?: number[]) =>
  arrays({ x: float32([6, 4], Float32Array.from({ length: 24 }, (_, i) => i / 9)) }, {
    name: "data.npz",
    ...(labels && { labels }),
  });

const runtime = pacedRuntime();
const of = (labels?: number[], metric?: string, output?: string) =>
  metricFor(model(output), data(labels), { metric, runtime });

Deno.test("metricFor() takes a name, or what is asked for, or what suits", async () => {
  assert.equal((await of(undefined, "cosine")).name, "cosine");
  assert.equal((await of([0, 1, 2, 3, 0, 1])).name, "top-1");
  assert.equal((await of(undefined, undefined, "logits")).name, "agreement");
  const own = top1();
  assert.equal(await metricFor(model(), data([0, 1, 2, 3, 0, 1]), { metric: own, runtime }), own);
});

Deno.test("metricFor() runs a few samples where the graph tells nothing", async () => {
  const rows = parseModel("input x float32[N, 2]; output y float32[N, 2]; y = Abs(x)");
  const halves = arrays({ x: float32([3, 2], [0.5, -0.5, 0.25, 0.75, -1, 0]) });
  const metric = await metricFor(rows, halves, { runtime });
  assert.equal(metric.name, "agreement");
  assert.match(metric.why!, /its rows are probabilities/);
});

Deno.test("metricFor() refuses labels that are counted from 1, or of other classes", async () => {
  await assert.rejects(
    of([1, 2, 3, 4, 1, 2]),
    /^UserError: Cannot use the labels of data\.npz: they run from 1 to 4, but the network's 4 classes are counted from 0 to 3: save labels - 1$/,
  );
  await assert.rejects(of([1, 2, 3, 4, 1, 2], "top-1"), /save labels - 1/);
  await assert.rejects(of([0, 2, 9, 4, 1, 2]), /run from 0 to 9, but the network has 4 classes/);
});

Deno.test("metricFor() tells labels of samples from labels of positions before all the work", async () => {
  const text = parseModel(
    "input x float32[N, T, 3]; output logits float32[N, T, 3]; logits = Sin(x)",
  );
  const of = (steps: number, metric?: string, labels: readonly (number | number[])[] = [0, 2]) => {
    const x = float32([2, steps, 3], new Float32Array(2 * steps * 3));
    return metricFor(text, arrays({ x }, { labels }), { metric, runtime });
  };
  assert.match((await of(1)).why!, /there are labels/); // a step of one position
  assert.equal((await of(2)).name, "agreement");
  assert.equal((await of(2, undefined, [[0, 1], [2, 0]])).name, "top-1");
  await assert.rejects(
    of(2, "top-1"),
    /has 2 positions, but there is one label; save a label for each/,
  );
  await assert.rejects(
    of(2, "top-1", [[0, 1], [3, 0]]),
    /run from 0 to 3, but the network has 3 classes/,
  );
});

Deno.test("metricFor() refuses a metric of labels where there are none", async () => {
  await assert.rejects(of(undefined, "top-1"), /none of its 6 samples has a label; bring labels/);
});

Deno.test("metricFor() judges several sets together, also where only one has labels", async () => {
  const sets = [{ name: "a", data: data() }, { name: "b", data: data([0, 1, 2, 3, 0, 1]) }];
  const metric = await metricFor(model("logits"), joinDatasets(sets), { runtime });
  assert.equal(metric.name, "agreement");
});
