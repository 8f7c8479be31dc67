import assert from "node:assert/strict";
import { JUPYTER_DISPLAY } from "../../lib/display.ts";
import { arrays } from "../../lib/data/arrays.ts";
import { npzDataset } from "../../lib/data/npz_dataset.ts";
import { readNpz } from "../../lib/data/npz.ts";
import { compare } from "../../lib/task/run_compare.ts";
import { showComparison } from "../../lib/report/comparison.ts";
import { evaluate } from "../../lib/evaluate/evaluate.ts";
import { agreement } from "../../lib/evaluate/metrics/agreement.ts";
import { sqnr } from "../../lib/evaluate/metrics/sqnr.ts";
import { top1 } from "../../lib/evaluate/metrics/top1.ts";
import { readModel } from "../../lib/onnx/file.ts";
import { valueTypes } from "../../lib/onnx/graph.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { normal } from "../random.ts";
import { modelOf } from "../runtime/models.ts";
import { isThere, shared } from "../shared.ts";

/** Three classes, scored by a 4x3 matrix of which one weight is given. */
function classifier(name: string, weight: number) {
  return modelOf(
    `input x float32[n, 4]
     output y float32[n, 3]
     tensor w float32[4, 3] = [${weight}, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.1, 0.1, 0.1]
     y = MatMul(x, w)`,
    name,
  );
}

Deno.test("compare() measures two models against each other on real workers", async () => {
  const n = 60;
  const x = normal(4 * n, 1);
  const labels = Array.from({ length: n }, (_, i) => {
    const scores = [...x.slice(4 * i, 4 * i + 3)];
    return scores.indexOf(Math.max(...scores));
  });
  const data = arrays({ x: float32([n, 4], x) }, { name: "noise", labels });
  const [good, bad] = [classifier("float32.onnx", 1), classifier("int8.onnx", 0.25)];
  const done: number[] = [];
  await using runtime = openRuntime({ workers: 1 });
  const comparison = await compare(good, bad, data, {
    runtime,
    rounds: 6,
    coldRounds: 1,
    onProgress: (count, all) => done.push(count / all),
  });
  const { float32: reference, candidate, difference, latency, outputs } = comparison;
  assert.equal(reference.value.value, 100);
  assert.ok(candidate.value.value < 95 && candidate.value.value > 50);
  assert.ok(Math.abs(difference.value - (candidate.value.value - 100)) < 1e-9);
  assert.ok(difference.high < 0, "clearly worse");
  assert.deepEqual([reference.bytes, candidate.name], [good.bytes().length, "int8.onnx"]);
  assert.deepEqual(reference.nodes, { file: 1, executed: 1 });
  assert.equal(latency!.rounds, 6);
  assert.ok(latency!.ratio.low <= latency!.ratio.value && latency!.machine.includes("Deno"));
  assert.ok(outputs!.sqnr! > 0 && outputs!.cosine < 1);
  assert.ok(candidate.download!.gzip > 0 && candidate.download!.brotli > 0);
  const { rounds, create, steady, heap } = comparison.coldStart!;
  assert.deepEqual([rounds, create.ratio.n, steady], [1, 1, undefined]);
  assert.equal(heap.ratio.value, 1, "two networks of some bytes");
  assert.equal(done.at(-1), 1);
  assert.ok(done.every((share, i) => i === 0 || share >= done[i - 1]!));

  const known = await evaluate(runtime, good, data, top1());
  let runs = 0;
  const again = await compare(good, bad, data, {
    runtime,
    timedSamples: 0,
    reference: known,
    metric: top1(),
    onProgress: (_, all) => runs = all,
  });
  assert.deepEqual(again.difference, difference);
  assert.equal(runs, n, "float32 is not run again");

  const { notes, given, ...measured } = comparison;
  assert.deepEqual([notes, given], [undefined, undefined]);
  assert.deepEqual(JSON.parse(JSON.stringify(comparison)), measured, "plain JSON");
  assert.equal(String(comparison), String(showComparison(comparison)));
  assert.equal(comparison[JUPYTER_DISPLAY]()["text/plain"], String(comparison));

  const same = await compare(good, good, data, { runtime, timedSamples: 0, metric: agreement() });
  assert.equal(same.latency, undefined);
  assert.equal(same.coldStart, undefined);
  assert.deepEqual(same.outputs, { sqnr: null, cosine: 1 });
});

const LSTM = shared("models/bidi-lstm/");
if (!isThere(LSTM)) console.warn("Skipping a recorded recurrent network: ../shared is missing");

Deno.test("a recurrent network fed from numpy's file gives the recorded outputs", {
  ignore: !isThere(LSTM),
}, async () => {
  const model = await readModel(new URL("model.onnx", LSTM));
  const { inputs, outputs } = valueTypes(model.graph);
  const recorded = await readNpz(new URL("io.npz", LSTM));
  const expected = recorded.Add_26!.data as Float32Array;
  const data = arrays({ input: recorded.input! }, { inputs });
  await using runtime = openRuntime({ workers: 1 });
  const { results } = await evaluate(runtime, model, data, agreement({ output: outputs[0]!.name }));
  const given = results!.flatMap((result) => [...result[outputs[0]!.name]!.data as Float32Array]);
  assert.equal(given.length, expected.length);
  given.forEach((value, i) => assert.ok(Math.abs(value - expected[i]!) < 1e-4));
  // The file as it is holds the output too, which is no input.
  await assert.rejects(
    npzDataset(new URL("io.npz", LSTM), inputs),
    /Cannot use io\.npz: its array "Add_26" is no input of the network\. Arrays/,
  );
});

Deno.test("compare() holds an int8 file against itself, or both against the float32 network beside it", async () => {
  const stored = (name: string, step: number) =>
    modelOf(
      `input x float32[n, 2]
       output y float32[n, 2]
       tensor q int8[2, 2] = [1, 0, 0, 1]
       tensor s float32[] = [${step}]
       w = DequantizeLinear(q, s)
       y = MatMul(x, w)`,
      name,
    );
  const exact = modelOf(
    `input x float32[n, 2]
     output y float32[n, 2]
     tensor w float32[2, 2] = [1.0, 0.0, 0.0, 1.0]
     y = MatMul(x, w)`,
    "exact.onnx",
  );
  const data = arrays({ x: float32([4, 2], [1, 2, 3, 4, 5, 6, 7, 8]) });
  const [file, mended] = [stored("file.onnx", 1.1), stored("mended.onnx", 1.01)];
  await using runtime = openRuntime({ workers: 0 });
  const options = { ...{ runtime, metric: sqnr() }, ...{ timedSamples: 0, coldRounds: 0 } };
  const own = await compare(file, mended, data, options);
  assert.deepEqual(own.given, { form: "int8", layers: "1 layer in its weights alone" });
  assert.equal(own.candidate.value.value.toFixed(2), "21.74"); // 1.1 to 0.09
  const done: number[] = [];
  const onProgress = (count: number, all: number) => done.push(count / all);
  const beside = await compare(file, mended, data, { ...options, reference: exact, onProgress });
  assert.equal(beside.float32.value.value.toFixed(2), "20.00"); // 1 to 0.1
  assert.equal(beside.float32.outputs!.sqnr!.toFixed(2), "20.00");
  assert.equal(beside.candidate.value.value.toFixed(2), "40.00"); // 1 to 0.01
  assert.equal(beside.given!.reference!.name, "exact.onnx");
  assert.equal(Math.max(...done), 1);
  assert.match(String(beside), /^SQNR, mean of samples +20\.0 dB .* 40\.0 dB /m);
  await assert.rejects(
    () => compare(exact, file, data, { ...options, reference: exact }),
    /exact\.onnx is float32, and so the reference itself/,
  );
});
