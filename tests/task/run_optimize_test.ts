import assert from "node:assert/strict";
import { timeKernels } from "../../lib/cost/time_kernels.ts";
import type { KernelTimer } from "../../lib/cost/kernel_times.ts";
import { optimize } from "../../lib/task/run_optimize.ts";
import { Optimized, type OptimizedParts } from "../../lib/task/optimized.ts";
import { JUPYTER_DISPLAY } from "../../lib/display.ts";
import { UserError } from "../../lib/errors.ts";
import { Model } from "../../lib/onnx/model.ts";
import { Plan } from "../../lib/quantize/plan.ts";
import { QuantizedModel } from "../../lib/quantize/quantized_model.ts";
import { qconfigMapping, type Rule } from "../../lib/quantize/mapping.ts";
import { float32, staticInt8 } from "../../lib/quantize/qconfig.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import type { ProfileRecord } from "../../lib/record/profile_record.ts";
import type { Latency } from "../../lib/record/trial_record.ts";
import { layerChoicesText } from "../../lib/report/layer_choices_table.ts";
import { modelOf, quantized, samplesOf, sqnrBetween } from "../quantize/fixture.ts";
import { hasty } from "../cost/hasty.ts";

let runtime: Runtime;
Deno.test.beforeAll(() => {
  runtime = hasty(openRuntime({ workers: 1 }));
});
Deno.test.afterAll(() => runtime.close());

const video = modelOf(
  `input x float32[n, 1, 4, 12, 12]
   output y float32[n, 5]
   tensor frames int64[4] = [-1, 8, 6, 6]
   tensor flat int64[2] = [-1, 1152]
   a = Conv(x, w1) {pads=[1, 1, 1, 1, 1, 1], strides=[1, 2, 2]} @ conv3d
   r = Relu(a) @ relu
   t = Transpose(r) {perm=[0, 2, 1, 3, 4]} @ front
   f = Reshape(t, frames) @ frames
   c = Conv(f, w2) {pads=[1, 1, 1, 1], strides=[2, 2]} @ conv2
   e = Reshape(c, flat) @ flatten
   y = Gemm(e, w3) @ fc`,
  { w1: [8, 1, 3, 3, 3], w2: [32, 8, 3, 3], w3: [1152, 5] },
);
const samples = samplesOf({ x: [1, 1, 4, 12, 12] }, 4);

/** Every integer kernel takes a tenth of what float32 takes, and a product less than a Conv. */
const kernelTimer: KernelTimer = async (branches) => {
  const times = await timeKernels(runtime, branches, { inside: () => 0, outside: 0 }, { minMs: 1 });
  return times!.map((time) => ({
    ...time,
    ms: time.runs.reduce((sum, op) => sum + (/^Q/.test(op) ? 0.1 : /Conv/.test(op) ? 2 : 0.5), 0),
    conversions: time.conversions.map((step) => ({ ...step, ms: 0.01 })),
  }));
};

Deno.test("optimize() rewrites, places and builds a network, and measures what came out", async () => {
  const steps: string[] = [];
  const result = await optimize(video, samples, {
    runtime,
    kernelTimer,
    cache: false,
    rounds: 3,
    why: ["fc"],
    onProgress: (step) => steps.push(step),
  });
  assert.equal(result.latency.rounds, 3);
  assert.ok([result.built, result.float32, video].includes(result.model));
  assert.ok(steps.some((step) => step.startsWith("measuring")));
  assert.ok(result.plan.rows.some(({ ms }) => ms !== undefined));
  const ops = (await runtime.optimized(result.built))!.graph.node.map(({ opType }) => opType);
  assert.ok(ops.filter((op) => op === "QLinearConv" || op === "QGemm").length >= 3, ops.join(" "));

  const [gemm] = result.why;
  const [chosen, ...others] = gemm!.forms;
  assert.match(chosen!.form, /^static int8/);
  assert.ok(chosen!.chosen && chosen!.dB! > 20 && chosen!.dB! < 60, `${chosen!.dB}`);
  assert.ok(others.every(({ moreMs }) => moreMs === undefined || moreMs >= 0));
  const text = layerChoicesText(gemm!);
  assert.match(text, /^fc \(Gemm\):\n\nform .* ms .*whole, ms/);
  assert.match(text, /dynamic int8 .* slower/);
  assert.match(text, /nodes .*\n.*\n.* \d+, \d/); // how many, and what they take

  assert.ok(await sqnrBetween(video, result.float32, samples) > 100);
  assert.ok(await sqnrBetween(video, result.built, samples) > 20);
  assert.deepEqual(result.parts.shapes, { x: [1, 1, 4, 12, 12] });
  assert.match(
    (await result[JUPYTER_DISPLAY]())["text/html"]!,
    /<p>.*<table>.*<p>fc \(Gemm\):<\/p><table>/s,
  );
});

Deno.test("optimize() to float32 quantizes nothing, measures one model, and explains the layers asked about", async () => {
  const timed: number[] = [];
  const counted: Runtime = Object.assign(Object.create(runtime), {
    times: (...args: Parameters<Runtime["times"]>) => {
      timed.push(args[0].length);
      return runtime.times(...args);
    },
  });
  const result = await optimize(video, samples, {
    ...{ runtime: counted, kernelTimer, cache: false, rounds: 3 },
    ...{ qconfig: "float32", why: ["conv2", "fc"] },
  });
  assert.deepEqual(timed.filter((models) => models > 1), [2]);
  assert.equal(result.float32, result.parts.float32);
  assert.deepEqual(result.mapping.rules, []);
  assert.ok(result.plan.rows.every(({ asked }) => asked === "float32"));

  const [conv, gemm] = result.why;
  assert.deepEqual([result.why.length, conv!.node, gemm!.node], [2, "conv2", "fc"]);
  const [first, ...others] = conv!.forms;
  assert.ok(first!.chosen && others.every(({ chosen }) => !chosen));
  const product = conv!.forms.find(({ form }) => form.includes("im2col"))!;
  const plain = conv!.forms.find(({ form }) => form === "Conv")!;
  assert.ok(plain.chosen && product.moreMs! > 0, JSON.stringify(conv));
  // A node that does nothing takes half a millisecond here, and it has five more.
  assert.deepEqual([plain.nodes, product.nodes, product.nodesMs], [1, 6, 3]);
  assert.equal(product.why, "slower by what its nodes take");
  assert.ok(product.dB! > 100 && plain.dB === undefined);
  const static8 = conv!.forms.find(({ form }) => form === "static int8")!;
  assert.match(static8.why, /numbers are to be those of float32/);
  assert.match(conv!.forms.find(({ form }) => form === "Winograd")!.why, /fewer than 16 channels/);
});

Deno.test("optimize() refuses to explain a layer that there is none of", async () => {
  await assert.rejects(
    optimize(video, samples, { runtime, why: ["conv22"] }),
    /^UserError: Cannot explain the layer "conv22": .* nearest are "conv2"/,
  );
});

Deno.test("optimize() leaves what handles sequences, and takes no part of it", async () => {
  const model = modelOf(
    `input x float32[1, 4, 8]
     output y float32[1, 4, 8]
     output parts sequence(float32[1, 4, 4])
     tensor half int64[] = [4]
     tensor first int64[] = [0]
     a = Conv(x, w) {pads=[1, 1]} @ conv1
     s = SplitToSequence(a, half) {axis=2} @ split
     p = SequenceAt(s, first) @ at
     q = Conv(p, w) {pads=[1, 1]} @ conv2
     parts = SequenceInsert(s, q) @ insert
     y = ConcatFromSequence(s) {axis=2} @ concat`,
    { w: [4, 4, 3] },
  );
  const options = { runtime, kernelTimer, cache: false, rounds: 3 } as const;
  const { built } = await optimize(model, samplesOf({ x: [1, 4, 8] }, 2), options);
  const executes = new Map(built.plan.rows.map(({ node, executes }) => [node, executes]));
  assert.equal(executes.get("conv1"), "QLinearConv");
  assert.equal(executes.get("at"), "SequenceAt");
});

Deno.test("optimize() leaves float32 what small values decide for, however fast int8 is", async () => {
  const model = modelOf(
    `input x float32[4, 32]
     output y float32[4, 8]
     a = MatMul(x, w1) @ mel
     r = Abs(a) @ abs
     l = Log(r) @ log
     y = MatMul(l, w2) @ head`,
    { w1: [32, 16], w2: [16, 8] },
  );
  const options = { runtime, kernelTimer, cache: false, rounds: 3 } as const;
  const { built } = await optimize(model, samplesOf({ x: [4, 32] }, 2), options);
  const executes = new Map(built.plan.rows.map(({ node, executes }) => [node, executes]));
  assert.equal(executes.get("mel"), "MatMul");
  assert.match(executes.get("head")!, /Integer|Quantize/);
});

Deno.test("optimize() without a sample asks for one", async () => {
  await assert.rejects(optimize(video, [], { runtime }), (error: UserError) => {
    assert.ok(error instanceof UserError);
    assert.match(error.message, /there is no sample/);
    return true;
  });
});

Deno.test("optimize() reads what is int8 already as float32, whole files too, and says what each layer was", async () => {
  const network = modelOf(
    `input x float32[n, 8, 12, 12]; output y float32[n, 8, 12, 12]
    a = Conv(x, w1) {pads=[1, 1, 1, 1]} @ conv1; r = Relu(a) @ relu
    y = Conv(r, w2) {pads=[1, 1, 1, 1]} @ conv2`,
    { w1: [16, 8, 3, 3], w2: [8, 16, 3, 3] },
  );
  const fed = samplesOf({ x: [1, 8, 12, 12] }, 2);
  const int8 = async (...rules: Rule[]) => {
    const mapping = qconfigMapping({ default: staticInt8(), rules });
    return new Model((await quantized(network, mapping, fed)).proto);
  };
  const options = { runtime, kernelTimer, cache: false, rounds: 3 } as const;
  const why = (built: QuantizedModel, node: string) =>
    built.plan.rows.find((row) => row.node === node)!.why;
  const part = await optimize(await int8(["conv2", float32]), fed, options);
  assert.match(why(part.built, "conv1"), /in the file: static, uint8 activations, int8 weights/);
  assert.doesNotMatch(why(part.built, "conv2"), /in the file/);
  assert.ok(await sqnrBetween(network, part.built, fed) > 25);
  const whole = await optimize(await int8(), fed, options);
  assert.match(whole.notes[0]!, /is int8 already \(2 layers static\): it is read as float32/);
  assert.match(why(whole.built, "conv2"), /in the file: static/);
  assert.ok(await sqnrBetween(network, whole.built, fed) > 25);
});

function latency(value: number, spread = 0.02): Latency {
  return {
    threads: 1,
    rounds: 15,
    ratio: { value, low: value - spread, high: value + spread, n: 15 },
    baselineMs: 10,
    candidateMs: 10 * value,
    drifted: false,
    machine: "",
  };
}

function profileOf({ name }: Model): ProfileRecord {
  return {
    ...{ schema: 1, model: { name, hash: "", bytes: 1 }, inputs: { x: [1] }, threads: 1 },
    ...{ method: "graph", runs: 1, wholeMs: 1, nodes: [], machine: "", load: 0, drifted: false },
  };
}

function outcome(
  built: Latency,
  exact: Latency,
  more: Partial<OptimizedParts> = {},
): Optimized {
  const given = modelOf("input x float32[1]; output y float32[1]; y = Neg(x)");
  const lowered = modelOf("input x float32[1]; output y float32[1]; y = Neg(x)");
  const parts: OptimizedParts = {
    ...{ maxCreate: 2, maxHeap: 2 },
    given,
    float32: lowered,
    built: new QuantizedModel(lowered.proto, "built", new Plan([]), []),
    mapping: qconfigMapping({ default: staticInt8() }),
    rewrites: [],
    convs: {},
    latency: { float32: exact, built },
    profiles: { before: profileOf(given), after: profileOf(lowered) },
    predictedMs: 1,
    shapes: { x: [1] },
    drifted: 0,
    kernelTimes: { measured: 3, disturbed: 0, taken: 0, at: "2026-03-05T12:00:00.000Z" },
    ...more,
  };
  return new Optimized(parts);
}

Deno.test("what is no faster than the model as given is not handed out for it", () => {
  const slower = outcome(latency(1.2), latency(1.01));
  assert.equal(slower.model, slower.parts.given);
  assert.match(
    slower.notes[0]!,
    /^The model is the one .* nothing is faster for certain.*×1\.20 .*×1\.01 /,
  );
  const allSlower = outcome(latency(1.2), latency(1.05)).notes[0]!;
  assert.match(
    allSlower,
    /^The model is the one that was given: nothing that was built is faster\./,
  );
  assert.doesNotMatch(String(slower), /holds for| of \d+ B/); // nothing was chosen
  const perhaps = outcome(latency(0.99), latency(1.5)); // the interval reaches 1
  assert.equal(perhaps.model, perhaps.parts.given);
});

Deno.test("the float32 network is handed out where int8 is slower than it", () => {
  const result = outcome(latency(0.8), latency(0.6));
  assert.equal(result.model, result.float32);
  assert.match(result.notes[0]!, /^Float32 after the rewrites takes ×0\.60/);
  const int8 = outcome(latency(0.3), latency(0.6));
  assert.match(
    String(int8),
    /\nThe choice holds for x \[1\]\.\nTimed in onnxruntime-web .*\nKernel times: 3 measured .{16} UTC\.\n\d+ B, ×1\.00 of \d+ B\.$/,
  );
  assert.equal(int8.model, int8.built);
  assert.match(int8.notes[0]!, /^It takes ×0\.30 \[0\.28, 0\.32\] of the time/);
});

Deno.test("where all stays float32, what was built is handed out, and nothing is said of int8", () => {
  const mapping = qconfigMapping({ default: float32 });
  const result = outcome(latency(0.6), latency(0.59), { mapping });
  assert.equal(result.model, result.built);
  assert.match(result.notes[0]!, /^It takes ×0\.60 \[.*\] of the time of \S+ as given\.$/);
  assert.doesNotMatch(String(result), /int8/);
});

Deno.test("what takes beyond doubt too long to create a session, or too much memory, is not handed out, and that is said", () => {
  const start = (value: number) => ({
    ...{ baseline: 100, candidate: 100 * value },
    ratio: { value, low: value - 0.1, high: value + 0.1, n: 3 },
  });
  const cold = (create: number, heap = 1) => ({
    ...{ rounds: 3, clock: "thread" as const },
    ...{ create: start(create), first: start(1), heap: start(heap) },
  });
  const coldStart = { float32: cold(1.2), built: cold(2.5) };
  const exact = outcome(latency(0.3), latency(0.6), { coldStart });
  assert.equal(exact.model, exact.float32);
  assert.equal(exact.coldStart, coldStart.float32);
  assert.match(
    String(exact),
    /On a page: 120 ms to create the session \(×1\.20 .*\n.*int8 is left out: it takes ×2\.50/,
  );
  const int8 = outcome(latency(0.3), latency(0.6), { coldStart, maxCreate: 3 });
  assert.equal(int8.model, int8.built);
  const large = { coldStart: { float32: cold(1), built: cold(1, 2.5) } };
  const small = outcome(latency(0.3), latency(0.6), large);
  assert.equal(small.model, small.float32);
  assert.match(
    String(small),
    /left out: it takes ×2\.50 .* of the WASM heap, above .*\(maxHeap; .*--max-heap/,
  );
  const any = outcome(latency(0.3), latency(0.6), { ...large, maxHeap: Infinity });
  assert.equal(any.model, any.built);
  const none = { coldStart: { float32: cold(4), built: cold(3) } };
  const given = outcome(latency(0.3), latency(0.6), none);
  assert.equal(given.model, given.parts.given);
  assert.match(given.notes[0]!, /given: what is faster takes too much time to open, or memory/);
});

Deno.test("what was made of an int8 file is told of beside the file, not beside float32", () => {
  const file = { form: "int8" as const, about: ["It is int8 already."] };
  const start = { baseline: 100, candidate: 90, ratio: { value: 0.9, low: 0.8, high: 1, n: 3 } };
  const cold = { rounds: 3, clock: "thread" as const, create: start, first: start, heap: start };
  const coldStart = { float32: cold, built: cold };
  const { notes: [about, ratio, page] } = outcome(latency(0.3), latency(0.6), { file, coldStart });
  assert.equal(about, "It is int8 already.");
  assert.match(ratio!, /as given; the file in float32 operators after the rewrites alone ×0\.60/);
  assert.match(page!, /create the session \(×0\.90 .* of the given file's\)/);
});
