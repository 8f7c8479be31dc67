import assert from "node:assert/strict";
import { closestTrial } from "../../lib/record/best.ts";
import { headline } from "../../lib/report/headline.ts";
import { arrays } from "../../lib/data/arrays.ts";
import { splitDataset } from "../../lib/data/split.ts";
import { UserError } from "../../lib/errors.ts";
import type { Metric } from "../../lib/evaluate/metric.ts";
import { sqnr } from "../../lib/evaluate/metrics/sqnr.ts";
import { Model } from "../../lib/onnx/model.ts";
import type { StudyEvent } from "../../lib/record/event.ts";
import { remakeTrial } from "../../lib/task/remake_trial.ts";
import { search } from "../../lib/task/run_search.ts";
import type { SearchOptions } from "../../lib/task/search_options.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import type { Study } from "../../lib/record/study_record.ts";
import type { Trial } from "../../lib/record/trial_record.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { modelOf } from "../quantize/fixture.ts";
import { normal } from "../random.ts";
import { pacedRuntime, tinyData, tinyInt8File, tinyModel } from "./tiny.ts";
import { encoder, sentences } from "../passes/transformer_fixture.ts";
import { clock, clockedRuntime } from "./clock.ts";

const base: SearchOptions = {
  kernelTimer: clock,
  cache: false,
  minutes: 5,
  rounds: 3,
  maxRounds: 3,
};

/** All events of a search on the tiny network. */
async function eventsOf(options: SearchOptions = {}, data = tinyData()): Promise<StudyEvent[]> {
  const events = search(tinyModel(), data, { ...base, runtime: clockedRuntime(), ...options });
  return await Array.fromAsync(events);
}

function studyOf(events: readonly StudyEvent[]): Study {
  const last = events.at(-1)!;
  assert.equal(last.kind, "end");
  return (last as StudyEvent & { kind: "end" }).study;
}

function trialsOf(events: readonly StudyEvent[]) {
  return events.filter((event) => event.kind === "trial");
}

Deno.test("search() begins with the int8 products of a transformer", async () => {
  const samples = Array.from({ length: 24 }, (_, i) => sentences(8, 3 + i % 5));
  const data = splitDataset(arrays(samples));
  const options = { ...base, runtime: pacedRuntime(), metric: sqnr(), atLeast: 10 };
  for await (const event of search(encoder(-Infinity), data, options)) {
    if (event.kind !== "trial") continue;
    const { recipe, plan } = event.trial;
    assert.ok(recipe.kind === "assignment");
    assert.equal(recipe.operators, "approximate");
    assert.equal(recipe.forms["query"]!.kind, "dynamic");
    const gelu = plan.find(({ opType }) => opType === "Gelu")!;
    assert.match(gelu.why, /nearly the same numbers by operators that run faster/);
    break;
  }
});

Deno.test("search() finds the fastest within the budget, tests it once and explains it", async () => {
  const study = studyOf(await eventsOf({ metric: sqnr(), maxDrop: 120 }));
  const winner = study.trials.find(({ key }) => key === study.winner!.key)!;
  assert.ok(winner.accuracy!.value.value >= 30);
  assert.ok(study.trials.every((trial) =>
    trial.accuracy!.value.value < 30 ||
    trial.latency!.ratio.value >= winner.latency!.ratio.value
  ));
  assert.equal(study.winner!.accuracy!.split, "test");
  const { decisions, front, scale } = study.search!;
  assert.ok(front.includes(winner.key) && scale! > 0.1 && scale! < 10, `${scale}`);
  const conv = decisions.find(({ node }) => node === "/front/conv2/Conv")!;
  assert.equal(conv.form, "static");
  assert.ok(conv.savesMs > 0.5 && conv.dB! > 25 && conv.next !== undefined && conv.why !== "");
});

Deno.test("search() meets a budget between two placements, and corrects biases where that is all it lacks", async () => {
  const data = tinyData();
  const study = studyOf(await eventsOf({ metric: sqnr(), maxDrop: 150 - 48 }, data));
  const winner = study.trials.find(({ key }) => key === study.winner!.key)!;
  assert.match(winner.name, /static \+ bias/);
  const uncorrected = JSON.stringify({ ...winner.recipe, corrections: undefined });
  const plain = study.trials.find(({ recipe }) => JSON.stringify(recipe) === uncorrected)!;
  assert.ok(plain.accuracy!.value.low < 48 && winner.accuracy!.value.low >= 48);
  assert.deepEqual(winner.latency!.ratio.value, plain.latency!.ratio.value);
  assert.ok(winner.accuracy!.value.value >= 48 && winner.latency!.ratio.value < 1);
  assert.ok(study.search!.decisions.length > 0);
  const again = await remakeTrial(tinyModel(), data, JSON.parse(JSON.stringify(winner)), {
    runtime: clockedRuntime(),
  });
  assert.equal(await again.hash(), winner.modelHash);
});

Deno.test("a search on the same folder measures nothing twice, and a record makes the same bytes again", async () => {
  const out = await Deno.makeTempDir();
  try {
    const options = { out, metric: sqnr(), maxDrop: 110 };
    const first = await eventsOf(options);
    let evaluated = 0;
    const runtime = clockedRuntime();
    const counted: Runtime = {
      ...runtime,
      times: (...args) => (evaluated++, runtime.times(...args)),
    };
    const second = await eventsOf({ ...options, runtime: counted });
    assert.ok(trialsOf(second).every(({ reused }) => reused));
    assert.equal(evaluated, 0);
    const figures = ({ key, accuracy }: Trial) => ({ key, accuracy });
    assert.deepEqual(studyOf(second).trials.map(figures), studyOf(first).trials.map(figures));
    assert.equal(studyOf(second).winner!.key, studyOf(first).winner!.key);
    const winner = studyOf(first).trials.find(({ key }) => key === studyOf(first).winner!.key)!;
    const again = await remakeTrial(tinyModel(), tinyData(), JSON.parse(JSON.stringify(winner)), {
      runtime,
    });
    assert.equal(await again.hash(), winner.modelHash);
    await Deno.stat(`${out}/best.onnx`);
  } finally {
    await Deno.remove(out, { recursive: true });
  }
});

Deno.test("a search that is stopped returns what it has", async () => {
  const stop = new AbortController();
  const seen: StudyEvent[] = [];
  const options = { ...base, runtime: clockedRuntime(), metric: sqnr(), signal: stop.signal };
  for await (const event of search(tinyModel(), tinyData(), options)) {
    seen.push(event);
    if (event.kind === "trial") stop.abort();
  }
  assert.equal(trialsOf(seen).length, 1);
  const study = studyOf(seen);
  assert.equal(study.search!.ended, "It was stopped.");
  assert.equal(study.winner!.key, study.trials[0]!.key);
});

Deno.test("a worker that dies fails its trial, and the search goes on", async () => {
  const runtime = clockedRuntime();
  let died = 0;
  const fragile: Runtime = {
    ...runtime,
    times(models, ...rest) {
      const isFirst = died === 0 &&
        models[1]!.graph.node.some(({ opType }) => opType === "QuantizeLinear");
      if (isFirst) {
        died++;
        return Promise.reject(new Error("The worker died"));
      }
      return runtime.times(models, ...rest);
    },
  };
  const events = await eventsOf({ runtime: fragile, metric: sqnr(), maxDrop: 120 });
  const failed = trialsOf(events).filter(({ trial }) => trial.error !== undefined);
  assert.deepEqual(failed.map(({ trial }) => trial.error), ["The worker died"]);
  const study = studyOf(events);
  assert.notEqual(study.winner!.key, failed[0]!.trial.key);
  assert.ok(trialsOf(events).indexOf(failed[0]!) < trialsOf(events).length - 1);
});

Deno.test("where nothing keeps the budget the model as given stays, and the closest is named", async () => {
  // Whatever is not float32 as given is found wanting, the less of it the better.
  const strict: Metric = {
    ...sqnr(),
    name: "strictness",
    score: (sample) => sample.outputs === sample.reference ? 1000 : sqnr().score(sample),
  };
  const { proto } = modelOf(
    `graph identities
    input x float32[N, 3, 12, 12]
    output y float32[N, 4]
    i = Identity(x) @ identity
    c = Conv(i, w1) {pads=[1, 1, 1, 1]} @ conv
    g = GlobalAveragePool(c) @ pool
    f = Flatten(g) @ flatten
    y = Gemm(f, w2) {transB=1} @ head`,
    { w1: [16, 3, 3, 3], w2: [4, 16] },
  );
  const options = { ...base, runtime: clockedRuntime(), metric: strict, maxDrop: 50 };
  const model = new Model(proto, { name: "identities.onnx" });
  const study = await search(model, tinyData(60, { labelled: false }), options);
  assert.equal(study.winner, undefined);
  const closest = closestTrial(study, study.trials)!;
  const best = Math.max(...study.trials.map(({ accuracy }) => accuracy!.value.low));
  assert.equal(closest.accuracy.value.low, best);
  assert.match(headline(study), /^No configuration kept the budget of .*: the closest, /);
});

Deno.test("of a network inside an If that nothing makes faster, the model as given stays", async () => {
  const { proto } = modelOf(
    `input x float32[N, 3, 12, 12]; output y float32[N, 4]
    f = Flatten(x) @ flatten; m = ReduceMax(f) {keepdims=0} @ most
    tensor two float32[] = [2.0]
    c = Greater(m, two) @ high
    y = If(c) {then_branch=graph then {output a float32[N, 4]; a = MatMul(f, w) @ left},
      else_branch=graph else {output b float32[N, 4]; b = MatMul(f, v) @ right}} @ choice`,
    { w: [432, 4], v: [432, 4] },
  );
  const given = new Model(proto, { name: "branches.onnx" });
  const bytes = given.bytes().length;
  const runtime = pacedRuntime((model) => model.bytes().length === bytes ? 1 : 1.06);
  const options = { ...base, runtime, metric: sqnr(), maxDrop: 120 };
  const study = await search(given, tinyData(60, { labelled: false }), options);
  const [first] = study.trials;
  assert.match(first!.name, /^int8 weights/);
  assert.ok(first!.bytes! < 0.5 * bytes);
  assert.equal(study.winner, undefined);
  assert.equal(first!.latency!.ratio.value, 1.06);
  assert.ok(first!.latency!.ratio.low > 1);
  assert.match(
    headline(study),
    /^The model as given stays: no configuration .* as fast and smaller/,
  );
});

Deno.test("what cannot be met or resolved is said before the work begins", async () => {
  const events = await eventsOf({ maxDrop: 0.5, minutes: 5 });
  const begin = events.find(({ kind }) => kind !== "step")!;
  assert.ok(begin.kind === "begin");
  assert.ok(begin.notes.some((note) => /Use 765 or more/.test(note)), `${begin.notes}`);
  const fails = (options: SearchOptions, message: RegExp) =>
    assert.rejects(() => eventsOf(options), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, message);
      return true;
    });
  await fails({ atLeast: 99 }, /float32 itself has/);
  await fails({ atLeast: 0.9 }, /give --at-least 90/);
  await fails({ maxDrop: -1 }, /--max-drop -1 cannot be meant for top-1: give 0 or more/);
  await fails({ minutes: 1e-6 }, /one trial takes about .* give it .* minutes or more/);
  const broken: Metric = {
    ...sqnr(),
    score: ({ index }) => {
      if (index === 3) throw new Error("no such word");
      return 1;
    },
  };
  await fails({ metric: broken, maxDrop: 120 }, /Cannot score sample 3 of .*: no such word/);
});

Deno.test("size is found as well as speed", async () => {
  const study = studyOf(await eventsOf({ metric: sqnr(), maxDrop: 130, objective: "size" }));
  const winner = study.trials.find(({ key }) => key === study.winner!.key)!;
  const kept = study.trials.filter(({ accuracy }) => accuracy!.value.value >= 20);
  assert.ok(winner.bytes! <= 1.05 * Math.min(...kept.map(({ bytes }) => bytes!)));
});

/** Four Convs in a row; one channel of the second fires rarely, and then far above all others. */
function withOutliers(): Model {
  const w2 = normal(16 * 16 * 9, 2, 1 / 12);
  for (let i = 0; i < 16 * 9; i++) w2[i]! *= 100;
  const b2 = new Float32Array(16);
  b2[0] = -190;
  const { proto } = modelOf(
    `graph outliers
    input x float32[N, 3, 12, 12]
    output y float32[N, 6]
    c1 = Conv(x, w1) {pads=[1, 1, 1, 1]} @ conv1
    r1 = Relu(c1) @ relu1
    c2 = Conv(r1, w2, b2) {pads=[1, 1, 1, 1]} @ conv2
    r2 = Relu(c2) @ relu2
    c3 = Conv(r2, w3) {pads=[1, 1, 1, 1]} @ conv3
    r3 = Relu(c3) @ relu3
    c4 = Conv(r3, w4) {pads=[1, 1, 1, 1]} @ conv4
    r4 = Relu(c4) @ relu4
    g = GlobalAveragePool(r4) @ pool
    f = Flatten(g) @ flatten
    y = Gemm(f, w5) {transB=1} @ head`,
    {
      ...{ w1: [16, 3, 3, 3], w2: float32([16, 16, 3, 3], w2), b2: float32([16], b2) },
      ...{ w3: [16, 16, 3, 3], w4: [16, 16, 3, 3], w5: [6, 16] },
    },
  );
  return new Model(proto, { name: "outliers.onnx" });
}

Deno.test("a layer with rare large outliers is found, spared and named", async () => {
  const x = float32([60, 3, 12, 12], normal(60 * 3 * 144, 3));
  const data = splitDataset(arrays({ x }, { name: "pictures" }));
  const options = { ...base, runtime: clockedRuntime(), metric: sqnr(), maxDrop: 150 - 28 };
  const study = await search(withOutliers(), data, options);
  const { decisions } = study.search!;
  const winner = study.trials.find(({ key }) => key === study.winner!.key)!;
  assert.ok(winner.accuracy!.value.value >= 28);
  const convs = decisions.filter(({ opType }) => opType.startsWith("Conv"));
  const named = convs.filter(({ why }) => /0\.1 % of the values of r2 take/.test(why));
  assert.deepEqual(named.map(({ node }) => node), ["conv2", "conv3"]); // who makes r2, and who reads it
  const spared = convs.filter(({ form, observers = [] }) =>
    form !== "static" || observers.some((text) => text.endsWith("of r2"))
  );
  assert.ok(spared.length > 0 && spared.every((row) => named.includes(row)));
});

Deno.test("search() of an int8 file places its float32 operators, and tells how close the file itself is", async () => {
  const [file, reference] = [await tinyInt8File(), tinyModel()];
  const options = { ...base, runtime: clockedRuntime(), metric: sqnr(), atLeast: 20, reference };
  const study = studyOf(await Array.fromAsync(search(file, tinyData(), options)));
  assert.doesNotMatch(study.search!.ended, /error/); // as where the file is placed instead
  assert.ok(study.trials.length > 1 && study.trials.every(({ error }) => error === undefined));
  const { given, baseline, model } = study;
  assert.deepEqual([given!.layers, given!.reference!.name], ["3 layers static", "tiny.onnx"]);
  assert.deepEqual([model.name, baseline.selection.value], ["tiny.int8.onnx", 150]);
  const own = given!.accuracy!.selection.value.value;
  assert.ok(own > 15 && own < 60, `${own} dB`);
  assert.ok(Math.abs(given!.outputs!.sqnr! - own) < 10);
  assert.match(study.notes!.join(), /is int8 already \(3 layers static\): it is read as float32/);
});
