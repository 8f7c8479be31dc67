import assert from "node:assert/strict";
import type { Calibration } from "../../lib/calibrate/calibration.ts";
import type { Observer } from "../../lib/calibrate/observers.ts";
import { addValues, emptyStatistics } from "../../lib/calibrate/statistics.ts";
import { arrays } from "../../lib/data/arrays.ts";
import type { Dataset } from "../../lib/data/dataset.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { onlyMapping } from "../../lib/quantize/only_mapping.ts";
import { dynamicInt8, weightOnly } from "../../lib/quantize/qconfig.ts";
import {
  type LayerNoiseOptions,
  measureLayerNoise,
  type NoiseAsks,
  sensitivities,
} from "../../lib/replay/layer_noise.ts";
import { roundTensor } from "../../lib/replay/round_tensor.ts";
import { affineParams } from "../../lib/quantize/affine.ts";
import { Replay } from "../../lib/replay/replay.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { modelOf, runAll } from "../quantize/fixture.ts";
import { branchedModel, pictures } from "./network.ts";

let runtime: Runtime;
Deno.test.beforeAll(() => {
  runtime = openRuntime({ workers: 1 });
});
Deno.test.afterAll(() => runtime.close());

/** An observer that keeps [0, max]: a scale of max / 255. */
const upTo = (max: number): Observer => ({ name: `${max}`, range: () => ({ min: 0, max }) });

/** What calibration would have seen of tensors whose values are spread evenly over [0, 255]. */
function seen(...names: readonly string[]): Calibration {
  const values = Float32Array.from({ length: 2551 }, (_, i) => i / 10);
  const statistics = addValues(emptyStatistics(), values);
  return { samples: 1, statistics: new Map(names.map((name) => [name, statistics])) };
}

async function measure(
  [model, data]: readonly [Model, Dataset],
  asks: Partial<NoiseAsks>,
  options: LayerNoiseOptions & { readonly calibration?: Calibration } = {},
) {
  const replay = await Replay.open(model, data, runtime);
  const outputs = model.graph.output.map(({ name }) => name);
  const all = { tensors: [], observers: [upTo(255)], layers: [], outputs, ...asks };
  const { calibration = seen(...all.tensors), ...others } = options;
  return await measureLayerNoise(all, replay, calibration, others);
}

/** Two outputs: the opposite of a tensor, and its first element alone. */
const linear: readonly [Model, Dataset] = [
  modelOf(
    `graph linear
    input x float32[N, 3]
    output y float32[N, 3]
    output z float32[N, 3]
    h = Abs(x)
    y = Neg(h)
    z = Mul(x, first)`,
    { first: float32([3], [1, 0, 0]) },
  ),
  // Rounded to whole numbers, the errors are (-0.25, -0.5, 0.25) and (0, 0, 0.5).
  arrays({ x: float32([2, 3], [2.25, 10.5, 3.75, 4, 3, 11.5]) }, { name: "triples" }),
];

/** Noise over signal of each sample at y. */
const AT_Y = [
  (0.25 ** 2 + 0.5 ** 2 + 0.25 ** 2) / (2.25 ** 2 + 10.5 ** 2 + 3.75 ** 2),
  0.5 ** 2 / (4 ** 2 + 3 ** 2 + 11.5 ** 2),
] as const;

function assertClose(found: readonly number[] | undefined, expected: readonly number[]) {
  assert.equal(found?.length, expected.length);
  expected.forEach((value, i) => {
    assert.ok(Math.abs(found![i]! - value) <= 1e-9 * value, `${found} instead of ${expected}`);
  });
}

Deno.test("measureLayerNoise() gives what rounding one tensor does, by hand", async () => {
  const { sensitivities: { tensors, samples, outputs }, notes } = await measure(linear, {
    tensors: ["h", "x"],
  });
  assert.deepEqual([samples, outputs, notes], [2, ["y", "z"], []]);
  const mean = Math.sqrt(AT_Y[0] * AT_Y[1]);
  assertClose(tensors.h!["255"], [mean, 0]); // z does not read h
  // At z, the second sample has no noise: that counts as 150 dB.
  assertClose(tensors.x!["255"], [mean, Math.sqrt((0.25 ** 2 / 2.25 ** 2) * 1e-15)]);
});

Deno.test("measureLayerNoise() measures at the outputs that are asked for, in their order", async () => {
  const { sensitivities: { tensors, outputs } } = await measure(linear, {
    tensors: ["h"],
    outputs: ["z", "y"],
  });
  assert.deepEqual(outputs, ["z", "y"]);
  assertClose(tensors.h!["255"], [0, Math.sqrt(AT_Y[0] * AT_Y[1])]);
});

Deno.test("measureLayerNoise() spreads so many samples over the data", async () => {
  const x = float32([4, 3], [2.25, 10.5, 3.75, 0, 0, 0.5, 4, 3, 11.5, 0, 0, 0.5]);
  const { sensitivities: { tensors, samples } } = await measure(
    [linear[0], arrays({ x }, { name: "four" })],
    { tensors: ["h"] },
    { samples: 2 }, // the first and the third
  );
  assert.equal(samples, 2);
  assertClose(tensors.h!["255"], [Math.sqrt(AT_Y[0] * AT_Y[1]), 0]);
});

Deno.test("measureLayerNoise() tries the other observers where the first costs most, until it is late", async () => {
  const model = modelOf(
    `graph chain
    input x float32[N, 2]
    output y float32[N, 2]
    a = Abs(x)
    b = Mul(a, half)
    c = Mul(a, tenth)
    s = Add(b, c)
    y = Neg(s)`,
    { half: float32([1], [0.5]), tenth: float32([1], [0.1]) },
  );
  const data = arrays({ x: float32([1, 2], [100.3, 33.3]) }, { name: "pair" });
  // Steps of 1.1 and of 1.3; the range of 256 is that of 255.
  const observers = [upTo(255), upTo(256), upTo(280.5), upTo(331.5)];
  const asks = { tensors: ["a", "b", "c"], observers };
  let asked = 0;
  const late = await measure([model, data], asks, { isLate: () => ++asked > 1 });
  // Workers finish in any order.
  const tried = (name: string) => Object.keys(late.sensitivities.tensors[name]!).sort();
  // b = 50.15, 16.65, c = 10.03, 3.33, a = 100.3, 33.3: at s, a brings 0.6 of its errors of 0.3.
  assert.deepEqual(tried("b"), ["255", "280.5", "331.5"]);
  assert.deepEqual(tried("c"), ["255", "280.5", "331.5"]);
  assert.deepEqual(tried("a"), ["255"]);
  const never = await measure([model, data], asks, { isLate: () => true });
  assert.ok(
    Object.values(never.sensitivities.tensors).every((all) => Object.keys(all).length === 1),
  );
  const done = await measure([model, data], asks);
  const signal = (0.6 * 100.3) ** 2 + (0.6 * 33.3) ** 2;
  // 100.3 / 1.1 is 91.2, 33.3 / 1.1 is 30.3: errors of -0.2 and -0.3, at s 0.6 of them.
  const noise = (0.6 * 0.2) ** 2 + (0.6 * 0.3) ** 2;
  const found = done.sensitivities.tensors.a!["280.5"]![0]!;
  assert.ok(Math.abs(found / (noise / signal) - 1) < 1e-3, `${found} ${noise / signal}`);
});

/** Two layers, one behind the other, with the same weights, and one of its own behind them. */
const shared: readonly [Model, Dataset] = [
  modelOf(
    `graph shared
    input x float32[N, 16]
    output y float32[N, 16]
    a = MatMul(x, w) @ one
    b = MatMul(a, w) @ two
    y = MatMul(b, v) @ three`,
    { w: [16, 16], v: [16, 16] },
  ),
  arrays({ x: float32([2, 16], Float32Array.from({ length: 32 }, (_, i) => i % 7 - 3)) }, {
    name: "rows",
  }),
];

Deno.test("measureLayerNoise() gives each form of each layer by itself", async () => {
  const forms = {
    "int8 weights": weightOnly(),
    "float16 weights": weightOnly({ bits: 16 }),
    "int4 weights": weightOnly({ bits: 4 }),
    "dynamic": dynamicInt8(),
    // What writes the network itself.
    "integer products": (base: Model) => convert(base, onlyMapping(["three"], () => dynamicInt8())),
  };
  const { sensitivities: found, notes } = await measure(shared, {
    layers: [{ name: "last", nodes: ["three"], forms }],
  });
  assert.deepEqual(notes, []);
  assert.deepEqual(sensitivities.parse(JSON.parse(JSON.stringify(found))), found);
  const dB = (form: keyof typeof forms) => -10 * Math.log10(found.layers.last![form]![0]!);
  // Half a step in 127, in 2^11, and in 7, of values of about a third of the largest.
  assert.ok(dB("int8 weights") > 35 && dB("int8 weights") < 60, `${dB("int8 weights")}`);
  assert.ok(dB("float16 weights") > 60 && dB("float16 weights") < 90, `${dB("float16 weights")}`);
  assert.ok(dB("int4 weights") > 15 && dB("int4 weights") < 30, `${dB("int4 weights")}`);
  assert.equal(dB("integer products"), dB("dynamic"));
  assert.ok(dB("dynamic") > 30 && dB("dynamic") < dB("int8 weights") + 1, `${dB("dynamic")}`);
});

Deno.test("weights that a layer shares with one in float32 stay as they are", async () => {
  const forms = { "int8 weights": weightOnly() };
  const { sensitivities: { layers } } = await measure(shared, {
    layers: [
      { name: "one", nodes: ["one"], forms },
      { name: "both", nodes: ["one", "two"], forms },
    ],
  });
  assert.deepEqual(layers.one, { "int8 weights": [0] });
  assert.ok(layers.both!["int8 weights"]![0]! > 1e-6);
});

Deno.test("what cannot be measured has no entry but a note, and the rest is measured", async () => {
  const forms = { "int8 weights": weightOnly() };
  const broken: Observer = { name: "broken", range: () => ({ min: 1, max: NaN }) };
  const { sensitivities: { layers, tensors }, notes } = await measure(shared, {
    tensors: ["a", "z", "unseen"],
    observers: [broken],
    layers: [{ name: "lost", nodes: ["four"], forms }, { name: "last", nodes: ["three"], forms }],
  }, { calibration: seen("a", "z") });
  assert.deepEqual(Object.keys(layers), ["last"]);
  assert.deepEqual(tensors, {});
  assert.equal(notes.length, 3, notes.join("\n"));
  assert.ok(
    notes.some((note) => /^The noise of int8 weights of layer lost could not .*four/.test(note)),
  );
  assert.ok(notes.some((note) => /rounding a over the range of broken could not be/.test(note)));
});

Deno.test("what is known of another form of the network is not measured again, nor changed", async () => {
  const known = {
    outputs: ["y"],
    samples: 2,
    tensors: { a: { "255": [0.5] } },
    layers: { last: { "int8 weights": [0.25] } },
  };
  const before = structuredClone(known);
  const forms = { "int8 weights": weightOnly(), "dynamic": dynamicInt8() };
  let done = 0;
  const { sensitivities: found } = await measure(shared, {
    tensors: ["a", "b"],
    layers: [{ name: "last", nodes: ["three"], forms }],
  }, { known, onProgress: (share) => done = share });
  assert.deepEqual(known, before);
  assert.equal(done, 1);
  assert.deepEqual(found.tensors.a!["255"], [0.5]);
  assert.deepEqual(found.layers.last!["int8 weights"], [0.25]);
  assert.ok(found.tensors.b && found.layers.last!.dynamic);
});

Deno.test("measureLayerNoise() gives on a network with fused kernels what whole networks give", async () => {
  const model = branchedModel();
  const data = pictures(2);
  const feeds = [await data.sample(0), await data.sample(1)];
  const scale = upTo(2.55); // 0.01
  const tensors = ["r1", "c2", "r2", "logits"];
  const { sensitivities: found } = await measure([model, data], {
    ...{ tensors, observers: [scale] },
    layers: [{ name: "pool", nodes: ["pool"], forms: { "int8 weights": weightOnly() } }],
  });
  const plain = await runAll(model, feeds);
  for (const name of tensors) {
    const params = affineParams(scale.range(emptyStatistics()));
    const whole = await runAll(roundTensor(model, name, params), feeds);
    const shares = plain.map(({ logits: x }, s) => {
      const [xs, ys] = [x!, whole[s]!.logits!].map(({ data }) => [...data as Float32Array]);
      const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
      return sum(xs!.map((value, i) => (value - ys![i]!) ** 2)) /
        sum(xs!.map((value) => value ** 2));
    });
    assert.ok(shares.every((share) => share > 1e-9 && share < 2), `${name}: ${shares}`);
    assertClose(found.tensors[name]!["2.55"], [Math.sqrt(shares[0]! * shares[1]!)]);
  }
  assert.deepEqual(found.layers.pool!["int8 weights"], [0], "it has no weights: nothing changed");
});
