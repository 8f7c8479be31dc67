import assert from "node:assert/strict";
import { ablate } from "../../lib/task/run_ablation.ts";
import { minMax } from "../../lib/calibrate/observers.ts";
import { arrays } from "../../lib/data/arrays.ts";
import { evaluate } from "../../lib/evaluate/evaluate.ts";
import type { Metric } from "../../lib/evaluate/metric.ts";
import { agreement } from "../../lib/evaluate/metrics/agreement.ts";
import { convert } from "../../lib/quantize/convert.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { makeTensorProto, readTensorProto } from "../../lib/onnx/tensor_proto.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { staticInt8 } from "../../lib/quantize/qconfig.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import { onlyMapping } from "../../lib/quantize/only_mapping.ts";
import { allButMapping } from "../../lib/study/ablation_mode.ts";
import { modelOf } from "../quantize/fixture.ts";
import { branchedModel, LAYERS, pictures, rangesOf } from "../replay/network.ts";

let runtime: Runtime;
Deno.test.beforeAll(() => {
  runtime = openRuntime({ workers: 1 });
});
Deno.test.afterAll(() => runtime.close());

const splits = (selection: number) => ({
  name: "pictures",
  calibration: pictures(16, 3),
  selection: pictures(selection, 1),
});

/** The network with one channel of `conv1` blown up: its activations get rare large outliers. */
function withOutliers(model: Model): Model {
  const initializer = model.graph.initializer.map((proto) => {
    const tensor = readTensorProto(proto);
    const data = Float32Array.from(tensor.data as Float32Array);
    // One channel of conv1 that is hardly ever above its Relu, and then far above all others.
    if (proto.name === "b1") data[0] = -4200;
    else if (proto.name === "w1") data.fill(1500 / Math.sqrt(27), 0, 27);
    // The layer behind looks at the other channels.
    else if (proto.name === "w2") { for (let o = 0; o < 8; o++) data.fill(0, o * 72, o * 72 + 9); }
    else if (proto.name === "w3") { for (let o = 0; o < 8; o++) data[o * 8] = 0; }
    else return proto;
    return makeTensorProto(proto.name, { ...tensor, data } as typeof tensor);
  });
  return model.withGraph({ ...model.graph, initializer });
}

Deno.test("ablate() gives the flips and scores of a plain evaluation, on fewer runs", async () => {
  const model = branchedModel();
  const data = splits(24);
  const ablation = await ablate(model, data, {
    ...{ runtime, screening: 8, pairs: 2, latency: false, weights: true, activations: true },
  });
  const { record } = ablation;
  assert.deepEqual(JSON.parse(JSON.stringify(record)), record);
  const calibration = await rangesOf(model, data.calibration);
  const reference = await evaluate(runtime, model, data.selection, agreement());
  const int8 = qconfigMapping({ default: staticInt8(), onUnsupported: "float32" });
  assert.equal(record.layers.length, LAYERS.length);
  for (const layer of record.layers) {
    const made = convert(model, onlyMapping(layer.nodes, () => staticInt8()), calibration);
    const plain = await evaluate(runtime, made, data.selection, agreement(), reference);
    assert.equal(layer.only!.samples, 24);
    assert.equal(layer.only!.value!.value, plain.value.value, layer.name);
    const others = convert(model, allButMapping(int8, layer.nodes), calibration);
    const rest = await evaluate(runtime, others, data.selection, agreement(), reference);
    assert.equal(layer.allBut!.value!.value, rest.value.value, layer.name);
    assert.ok(layer.allBut?.sqnr && layer.weights?.sqnr && layer.activations?.sqnr, layer.name);
    assert.ok(layer.weights.sqnr.value > layer.only!.sqnr!.value - 1, layer.name);
    assert.ok(layer.activations.sqnr.value > layer.only!.sqnr!.value - 1, layer.name);
  }
  assert.ok(record.cost.runs < record.cost.plainRuns * 0.7, JSON.stringify(record.cost));
  assert.equal(record.pairs.length, 1);
  assert.ok(Math.abs(record.pairs[0]!.noise!) < 6, "errors of two layers about add up");
  const x = record.tensors.find(({ name }) => name === "x")!;
  assert.ok(
    x.own! > 30 && Math.abs(x.own! - x.accumulated!) < 0.01,
    "nothing lies before an input",
  );
  assert.match(ablation.toString(), /conv2 brings most of the error/);
});

Deno.test("ablate() finds a planted layer with outliers, ranks it first and says why", async () => {
  const model = withOutliers(branchedModel());
  const data = {
    name: "pictures",
    calibration: pictures(64, 3),
    selection: pictures(40, 1),
  };
  // An observer that clips would not be taken in.
  const mapping = qconfigMapping({ default: staticInt8({ activation: minMax }) });
  const options = { runtime, mapping, latency: false, pairs: 0, allBut: false };
  const { layers } = await ablate(model, data, options);
  const [first, second] = layers;
  assert.equal(first!.name, "conv1", layers.map((l) => `${l.name} ${l.only?.sqnr?.value}`).join());
  assert.match(first!.why, /of the values of r1 take \d\d % of its range .* clip them/);
  assert.ok(second!.only!.sqnr!.value > first!.only!.sqnr!.value);
});

Deno.test("ablate() takes what it stored, stops when told, and goes on from there", async () => {
  const out = await Deno.makeTempDir();
  try {
    const model = branchedModel();
    const options = { runtime, screening: 4, pairs: 0, latency: false, out: `${out}/a` };
    const stop = new AbortController();
    const running = ablate(model, splits(12), { ...options, signal: stop.signal });
    for await (const event of running) if (event.kind === "effect") stop.abort();
    const partial = await running;
    assert.ok(partial.record.stopped);
    assert.equal(partial.record.int8, undefined);
    const whole = await ablate(model, splits(12), options);
    assert.ok(!whole.record.stopped && whole.record.cost.reused >= 1);
    const again = await ablate(model, splits(12), options);
    assert.equal(again.record.cost.runs, 0);
    assert.deepEqual(again.record.layers, whole.record.layers);
    const files = await again.save(`${out}/b`);
    assert.ok(files.some((path) => path.endsWith("charts/only.png")));
    assert.match(await Deno.readTextFile(`${out}/b/report.md`), /## One layer int8/);
  } finally {
    await Deno.remove(out, { recursive: true });
  }
});

Deno.test("ablate() tells in one stream what it does and what it finds", async () => {
  const options = { runtime, screening: 4, pairs: 2, latency: false, allBut: false };
  const told: string[] = [];
  for await (const event of ablate(branchedModel(), splits(8), options)) {
    const text = event.kind === "step"
      ? `step: ${event.about ?? event.step}`
      : event.kind === "effect"
      ? `${event.mode} ${event.layer}`
      : event.kind;
    if (told.at(-1) !== text) told.push(text);
  }
  assert.equal(told.filter((text) => !text.startsWith("step"))[0], "begin");
  const effects = LAYERS.map(([name]) => `only ${name}`);
  assert.deepEqual(told.filter((text) => text.startsWith("only")).toSorted(), effects.toSorted());
  assert.ok(told.indexOf("pair") > told.findLastIndex((text) => text.startsWith("only")));
  for (const step of ["calibration", "each layer alone", "pairs of layers", "errors of tensors"]) {
    assert.ok(told.includes(`step: ${step}`), `${step} is not in ${told.join(", ")}`);
  }
});

Deno.test("ablate() goes on after a metric that throws on a variant, and names the sample", async () => {
  const picky: Metric = {
    ...{ name: "picky", unit: "", higherIsBetter: true },
    score({ outputs, reference, index }) {
      if (index === 3 && outputs !== reference) throw new Error("I do not like it");
      return (outputs.logits!.data as Float32Array)[0]!;
    },
  };
  const options = { runtime, metric: picky, screening: 8, pairs: 0, latency: false, allBut: false };
  const running = ablate(branchedModel(), splits(8), options);
  const errors: string[] = [];
  await assert.rejects(async () => {
    for await (const event of running) {
      if (event.kind === "effect") errors.push(event.effect.error ?? "");
    }
  }, /Cannot score sample 3 of pictures with picky: I do not like it/);
  assert.equal(errors.length, LAYERS.length);
  for (const error of errors) assert.match(error, /Cannot score sample 3 of pictures with picky/);
});

Deno.test("ablate() says what does not go together before it measures anything", async () => {
  const model = branchedModel();
  await assert.rejects(
    async () => await ablate(model, splits(12), { runtime, layers: ["conv9"] }),
    /no int8 layer has this name or module path; nearest are "conv1"/,
  );
  await assert.rejects(
    async () => await ablate(model, splits(2), { runtime }),
    /Cannot ablate on the 2 samples of pictures: at least 4/,
  );
});

Deno.test("ablate() records a table that is looked up as left in float32", async () => {
  const model = modelOf(
    `input i int32[1, 4]; output y float32[1, 4, 16]
    e = Gather(table, i) @ embed; h = MatMul(e, w1) @ up; r = Relu(h) @ relu; y = MatMul(r, w2) @ down`,
    { table: [64, 16], w1: [16, 16], w2: [16, 16] },
  );
  const lookUps = (first: number) => {
    const data = Int32Array.from({ length: 16 }, (_, n) => (first + 7 * n) % 64);
    return arrays({ i: { type: "int32", dims: [4, 4], data } }, { name: "words" });
  };
  const data = { name: "words", calibration: lookUps(0), selection: lookUps(3) };
  const options = { runtime, screening: 4, pairs: 0, latency: false, allBut: false };
  const { record } = await ablate(model, data, options);
  assert.deepEqual(record.leftOut.map(({ node, opType }) => [node, opType]), [["embed", "Gather"]]);
});
