import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { calibrate } from "../../lib/calibrate/calibrate.ts";
import { arrays } from "../../lib/data/arrays.ts";
import { stateful } from "../../lib/data/stateful.ts";
import { UserError } from "../../lib/errors.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { lowerForWasm } from "../../lib/passes/lower_for_wasm.ts";
import { learnShapes } from "../../lib/runtime/learn_shapes.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { correctBias } from "../../lib/quantize/correct_bias.ts";
import { type QConfigMapping, qconfigMapping } from "../../lib/quantize/mapping.ts";
import { prepare } from "../../lib/quantize/prepare.ts";
import {
  dynamicInt8,
  float32 as inFloat32,
  perTensor,
  staticInt8,
  weightOnly,
} from "../../lib/quantize/qconfig.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import { type Feeds, float32 } from "../../lib/tensor/tensor.ts";
import { normal } from "../random.ts";
import { tinyModel } from "../task/tiny.ts";
import { modelOf, runAll, samplesOf, sqnrBetween, stored } from "./fixture.ts";

const STATIC = qconfigMapping({ default: staticInt8() });

async function corrected(
  model: Model,
  samples: readonly Feeds[],
  mapping: QConfigMapping = STATIC,
  options: Parameters<typeof correctBias>[4] = {},
): Promise<Model> {
  const calibration = await calibrate(prepare(model, mapping), samples);
  return await correctBias(model, mapping, calibration, samples, options);
}

/** A Linear layer whose second weight is lost to rounding: the scale is 1. */
function rounding(bias: string, op = "Gemm"): Model {
  return modelOf(
    `input x float32[N, 2]
    output y float32[N, 1]
    tensor w float32[2, 1] = [127.0, 0.4]
    tensor b float32[1] = [3.0]
    y = ${op}(x, w${bias}) @ linear`,
  );
}

/** The scale of these is 1 and their zero point 0, so that they are exact in uint8. */
const EXACT = [[255, 100], [0, 100], [17, 100]].map((x) => ({ x: float32([1, 2], x) }));

Deno.test("correctBias() gives back what rounding a weight takes from the mean", async () => {
  const model = await corrected(rounding(", b"), EXACT);
  // 0.4 is rounded to 0, which takes 0.4 * 100.
  assertEquals([...stored(model, "b")!.data as Float32Array], [43]);
});

Deno.test("correctBias() adds a bias to a Gemm that has none, and none to a MatMul", async () => {
  const model = await corrected(rounding(""), EXACT);
  const { input } = model.graph.node[0]!;
  assertEquals([...stored(model, input[2]!)!.data as Float32Array], [40]);
  const product = rounding("", "MatMul");
  assertStrictEquals(await corrected(product, EXACT), product);
});

Deno.test("correctBias() leaves out what could be chance", async () => {
  // The second input is 100 half of the time and -100 the other half: rounding errs, not on average.
  const samples = [[155, 100], [0, -100], [3, 100], [20, -100]]
    .map((x) => ({ x: float32([1, 2], x) }));
  const model = rounding(", b");
  assertStrictEquals(await corrected(model, samples), model);
  // Errors of -40, -40 and -20: mean -100/3, squared standard error (400/9 + 400/9 + 1600/9)/(3*2).
  const uneven = [[255, 100], [0, 100], [17, 50]].map((x) => ({ x: float32([1, 2], x) }));
  const mean = 100 / 3;
  const shrunk = mean * (1 - 2400 / 9 / 6 / mean ** 2);
  const [bias] = stored(await corrected(model, uneven), "b")!.data as Float32Array;
  assert(Math.abs(bias! - 3 - shrunk) < 1e-4, `${bias}`);
});

Deno.test("correctBias() leaves no mean error in a layer, before its Relu", async () => {
  const model = modelOf(
    `input x float32[N, 3, 8, 8]
    output r float32[N, 5, 8, 8]
    output c float32[N, 5, 8, 8]
    c = Conv(x, w, b) {pads=[1, 1, 1, 1]}
    r = Relu(c)`,
    { w: [5, 3, 3, 3], b: [5] },
  );
  const samples = samplesOf({ x: [1, 3, 8, 8] }, 12)
    .map(({ x }) => ({ x: float32(x!.dims, (x!.data as Float32Array).map((v) => v + 3)) }));
  const mapping = qconfigMapping({ default: staticInt8({ weight: perTensor }) });
  const calibration = await calibrate(prepare(model, mapping), samples);
  const fixed = await correctBias(model, mapping, calibration, samples);
  const before = await meanErrors(model, convert(model, mapping, calibration), samples);
  const after = await meanErrors(model, convert(fixed, mapping, calibration), samples);
  before.forEach((error, c) => assert(Math.abs(after[c]!) < 0.1 * Math.abs(error) + 1e-3));
  assert(Math.max(...before.map(Math.abs)) > 0.01);
});

/** Mean of int8 minus float32 for each channel of output c. */
async function meanErrors(model: Model, int8: Model, samples: readonly Feeds[]): Promise<number[]> {
  const [expected, actual] = [await runAll(model, samples), await runAll(int8, samples)];
  const sums = new Array<number>(5).fill(0);
  expected.forEach(({ c }, i) => {
    const [x, y] = [c!.data as Float32Array, actual[i]!.c!.data as Float32Array];
    x.forEach((value, j) => sums[Math.floor(j / 64) % 5]! += y[j]! - value);
  });
  return sums.map((sum) => sum / (64 * samples.length));
}

Deno.test("correctBias() brings a deep network closer to float32, in both formats, over a runtime", async () => {
  const model = tinyModel();
  const data = (seed: number) =>
    Array.from({ length: 24 }, (_, i) => ({
      x: float32([1, 3, 12, 12], normal(3 * 144, seed + i).map((v) => v + 1)),
    }));
  const [samples, others] = [data(1), data(1000)];
  const mapping = qconfigMapping({ default: staticInt8({ weight: perTensor }) });
  const calibration = await calibrate(prepare(model, mapping), samples);
  await using runtime = openRuntime({ workers: 1 });
  const seen: number[] = [];
  const fixed = await correctBias(model, mapping, calibration, arrays(stack(samples)), {
    runtime,
    maxSamples: 20,
    onProgress: (done) => seen.push(done),
  });
  assertEquals(seen, Array.from({ length: 20 }, (_, i) => i + 1));
  const notes = convert(fixed, mapping, calibration).plan.rows.map(({ why }) => why);
  assertEquals(notes.filter((why) => why.includes("bias corrected")).length, 3);
  for (const format of ["QDQ", "QOperator"] as const) {
    const [before, after] = await Promise.all(
      [model, fixed].map((from) =>
        sqnrBetween(model, convert(from, mapping, calibration, { format }), others)
      ),
    );
    const gain = after! - before!;
    assert(gain > 1, `${format}: ${gain} dB`);
  }
});

function stack(samples: readonly { x: ReturnType<typeof float32> }[]) {
  const length = samples[0]!.x.data.length;
  const all = new Float32Array(samples.length * length);
  samples.forEach(({ x }, i) => all.set(x.data as Float32Array, i * length));
  return { x: float32([samples.length, 3, 12, 12], all) };
}

Deno.test("correctBias() passes by what is not static, and returns the model if nothing is", async () => {
  const model = tinyModel();
  const samples = samplesOf({ x: [1, 3, 12, 12] }, 4);
  for (const qconfig of [inFloat32, dynamicInt8(), weightOnly()]) {
    const mapping = qconfigMapping({ default: qconfig });
    const nothing = { samples: 0, statistics: new Map() };
    assertStrictEquals(await correctBias(model, mapping, nothing, samples), model);
  }
  const mixed = qconfigMapping({
    default: staticInt8(),
    rules: [["front.conv2", inFloat32], [{ op: "Gemm" }, dynamicInt8()]],
  });
  const fixed = await corrected(model, samples, mixed);
  assertEquals(stored(fixed, "b2"), stored(model, "b2"));
  assertEquals(stored(fixed, "b3"), stored(model, "b3"));
  assert(`${stored(fixed, "b1")!.data}` !== `${stored(model, "b1")!.data}`);
});

Deno.test("correctBias() works on convolutions written as matrix products", async () => {
  const model = fuse(tinyModel());
  const samples = samplesOf({ x: [1, 3, 12, 12] }, 12);
  const lowered = lowerForWasm(model, await learnShapes(model, samples[0]!), {
    convToGemm: { form: () => "perPosition" },
  });
  const fixed = await corrected(lowered, samples);
  assert(fixed !== lowered);
  const calibration = await calibrate(prepare(lowered, STATIC), samples);
  const [before, after] = await Promise.all(
    [lowered, fixed].map((from) => sqnrBetween(model, convert(from, STATIC, calibration), samples)),
  );
  assert(after! > before!, `${before} to ${after} dB`);
});

Deno.test("correctBias() refuses samples that the network cannot be fed", async () => {
  const model = rounding(", b");
  const calibration = await calibrate(prepare(model, STATIC), EXACT);
  const wrong = [{ x: float32([1, 3], [1, 2, 3]) }];
  await assertRejects(() => correctBias(model, STATIC, calibration, wrong), UserError);
});

Deno.test("correctBias() feeds back the state of a stream", async () => {
  const model = modelOf(
    `input x float32[1, 2]; input h float32[1, 2]
    output y float32[1, 2]; output h_out float32[1, 2]
    s = Add(x, h); y = Gemm(s, w) @ linear; h_out = Tanh(s)`,
    { w: [2, 2] },
  );
  const steps = arrays(samplesOf({ x: [1, 2] }, 8));
  const data = stateful(steps, {
    state: { h_out: "h" },
    initial: { h: float32([1, 2], [0, 0]) },
  });
  const calibration = await calibrate(prepare(model, STATIC), data);
  const changed = await correctBias(model, STATIC, calibration, data);
  assertEquals(changed.graph.output.map(({ name }) => name), ["y", "h_out"]);
});
