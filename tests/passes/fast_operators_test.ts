import assert from "node:assert/strict";
import { subgraphs } from "../../lib/onnx/graph.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { ShapeMap } from "../../lib/onnx/shape_map.ts";
import { fastOperators, type FastOperatorsOptions } from "../../lib/passes/fast_operators.ts";
import { openRuntime, openSession } from "../../lib/runtime/open_runtime.ts";
import { float32, type Tensor } from "../../lib/tensor/tensor.ts";
import { error, modelOf, random, run } from "./fixtures.ts";

/** Zeros, NaN, infinities, the smallest and the largest numbers, and some of every day. */
const SPECIAL = [
  ...[0, -0, NaN, Infinity, -Infinity, 1e-45, -1e-45, 1e-38, -1e-38, 3.4e38, -3.4e38],
  ...[1, -1, 6, 6.0000005, 5.9999995, 100, -100, 0.5, -0.5, 20, -20],
];

function fast(model: Model, options?: FastOperatorsOptions): Model {
  return model.withGraph(fastOperators(model.graph, options));
}

/** Operators of a graph, in order. */
function operators({ graph }: Model): string {
  return graph.node.map(({ opType }) => opType).join(" ");
}

/** A type and shape for some values. */
function shapesOf(dims: Record<string, number[]>): ShapeMap {
  const entries = Object.entries(dims).map(([name, dims]) =>
    [name, { type: "float32" as const, dims, depends: dims.map(() => []) }] as const
  );
  return new ShapeMap(new Map(entries), []);
}

/** What a model gives for each of the inputs, as text of its bits, by the names of the outputs. */
async function bitsOf(model: Model, inputs: readonly Tensor[]): Promise<Record<string, string[]>> {
  const session = await openSession(model);
  const all: Record<string, string[]> = {};
  for (const x of inputs) {
    for (const [name, { data }] of Object.entries(await session.run({ x }))) {
      const words = new Uint32Array(Float32Array.from(data as Float32Array).buffer);
      (all[name] ??= []).push(Array.from(words, (word) => word.toString(16)).join(" "));
    }
  }
  await session.release();
  return all;
}

Deno.test("fastOperators() keeps the bits of Relu, Clip and LeakyRelu, of NaN and -0 too", async () => {
  const model = modelOf(
    `input x float32[N]
     ${
      ["relu", "both", "low", "high", "leaky", "steep", "hard"].map((y) => `output ${y} float32[N]`)
        .join("\n")
    }
     tensor zero float32[] = [0.0]; tensor six float32[] = [6.0]; tensor low1 float32[1] = [-1.0]
     a = Identity(x)
     relu = Relu(a)
     both = Clip(a, zero, six)
     low = Clip(a, low1)
     high = Clip(a, "", six)
     leaky = LeakyRelu(a)
     steep = LeakyRelu(a) {alpha=-1.5}
     hard = HardSigmoid(a) {alpha=0.3}`,
  );
  const written = fast(model);
  assert.equal(
    operators(written),
    "Identity Max Max Min Max Min Max Min PRelu PRelu Mul Add Min Max",
  );
  const inputs = [...SPECIAL.map((value) => [value]), SPECIAL, [...SPECIAL, ...SPECIAL, 1]]
    .map((values) => float32([values.length], values));
  assert.deepEqual(await bitsOf(written, inputs), await bitsOf(model, inputs));
});

Deno.test("fastOperators() leaves what the runtime takes into a Conv or a quantization, and nothing else", async () => {
  const names = "conv sum quantized pooled shared twice two unbiased plain".split(" ");
  const model = modelOf(
    `input x float32[1, 3, 4, 4]
     ${names.map((name) => `output y_${name} float32[...]`).join("\n")}
     tensor scale float32[] = [0.1]; tensor zero uint8[] = [0]
     tensor low float32[] = [-1.0]; tensor high float32[] = [1.0]
     c1 = Conv(x, w1) {pads=[1, 1, 1, 1]}
     y_conv = Relu(c1) @ conv
     c2 = Conv(x, w2, bias) {pads=[1, 1, 1, 1]}
     s2 = Add(x, c2)
     y_sum = Clip(s2, low, high) @ sum
     a3 = Neg(x); b3 = Relu(a3) @ quantized
     q3 = QuantizeLinear(b3, scale, zero); y_quantized = DequantizeLinear(q3, scale, zero)
     a4 = Neg(x); b4 = Relu(a4) @ pooled
     p4 = MaxPool(b4) {kernel_shape=[2, 2]}
     q4 = QuantizeLinear(p4, scale, zero); y_pooled = DequantizeLinear(q4, scale, zero)
     a5 = Neg(x); b5 = Relu(a5) @ shared
     q5 = QuantizeLinear(b5, scale, zero); d5 = DequantizeLinear(q5, scale, zero)
     y_shared = Sub(d5, b5)
     c8 = Conv(x, w6) {pads=[1, 1, 1, 1]}
     s8 = Add(x, c8)
     y_unbiased = Clip(s8, low, high) @ unbiased
     c6 = Conv(x, w3) {pads=[1, 1, 1, 1]}; b6 = LeakyRelu(c6) @ twice
     n6 = Neg(c6); y_twice = Sub(n6, b6)
     c7 = Conv(x, w4) {pads=[1, 1, 1, 1]}; e7 = Conv(x, w5) {pads=[1, 1, 1, 1]}; s7 = Add(c7, e7)
     y_two = Relu(s7) @ two
     a9 = Abs(x); y_plain = Relu(a9) @ plain`,
    {
      bias: random([3], 0),
      ...Object.fromEntries([1, 2, 3, 4, 5, 6].map((i) => [`w${i}`, random([3, 3, 3, 3], i)])),
    },
  );
  await using runtime = openRuntime({ workers: 1 });
  const executed = await runtime.optimized(model);
  const isActivation = /^(Relu|Clip|LeakyRelu)$/;
  const namesIn = ({ graph }: Model) =>
    graph.node.flatMap(({ opType, name }) => isActivation.test(opType) ? [name] : []).sort();
  const alone = new Set(namesIn(executed!));
  assert.deepEqual([...alone], ["plain", "shared", "twice", "two", "unbiased"]);
  assert.deepEqual(namesIn(fast(model)), namesIn(model).filter((name) => !alone.has(name)));
});

/** Distance of values from the right ones, in dB. */
function decibels(actual: Tensor, right: readonly number[]): number {
  let [signal, noise] = [0, 0];
  right.forEach((value, i) => {
    signal += value ** 2;
    noise += (Number(actual.data[i]) - value) ** 2;
  });
  return 10 * Math.log10(signal / noise);
}

/** The distance from the right values of what a model was and of what it became, by output. */
async function compare(
  model: Model,
  x: Tensor<"float32">,
  rights: Readonly<Record<string, readonly number[]>>,
  options?: FastOperatorsOptions,
): Promise<void> {
  const [before, after] = [await run(model, { x }), await run(fast(model, options), { x })];
  for (const [name, right] of Object.entries(rights)) {
    const [was, is] = [decibels(before[name]!, right), decibels(after[name]!, right)];
    // Where float32 has no digits left, the runtime's own kernel has none either.
    assert.ok(is >= Math.min(100, was - 1), `${name}: ${is} dB, and ${was} dB before`);
    assert.deepEqual(after[name]!.dims, before[name]!.dims);
  }
}

Deno.test("fastOperators() writes Softplus, Mish, Elu and roots by Exp, Log and Sqrt, exact to 100 dB", async () => {
  const model = modelOf(
    `input x float32[N]
     ${
      ["softplus", "chain", "mish", "elu", "root", "inverse"].map((y) => `output ${y} float32[N]`)
        .join("\n")
    }
     tensor half float32[] = [0.5]; tensor less float32[] = [-0.5]
     a = Identity(x)
     softplus = Softplus(a)
     t = Tanh(softplus); chain = Mul(t, a)
     mish = Mish(a)
     elu = Elu(a) {alpha=0.7}
     p = Abs(x); root = Pow(p, half); inverse = Pow(p, less)`,
    {},
    18,
  );
  assert.ok(!/Softplus|Tanh|Mish|Elu|Pow/.test(operators(fast(model))));
  const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  const mish = (x: number) => x * Math.tanh(softplus(x));
  for (const scale of [1e-6, 1, 8, 1e4]) {
    const x = random([64], 1, scale);
    const values = Array.from(x.data);
    await compare(model, x, {
      softplus: values.map(softplus),
      chain: values.map(mish),
      mish: values.map(mish),
      elu: values.map((value) => value > 0 ? value : 0.7 * Math.expm1(value)),
      root: values.map((value) => Math.sqrt(Math.abs(value))),
      inverse: values.map((value) => 1 / Math.sqrt(Math.abs(value))),
    });
  }
  const x = float32([4], [NaN, Infinity, -Infinity, 3e38]);
  const [before, after] = [await run(model, { x }), await run(fast(model), { x })];
  assert.ok(error(after, before) < 1e-6); // and alike in what is infinite, or no number
});

Deno.test("fastOperators() writes LayerNormalization and means by pools, exact to 100 dB", async () => {
  const model = modelOf(
    `input x float32[1, 4, 64]
     ${["op", "chain"].map((y) => `output ${y} float32[1, 4, 64]`).join("\n")}
     output flat float32[4, 64]; output map float32[1, 2, 2, 64]
     output across float32[1, 4]; output chain4 float32[1, 2, 2, 1]
     tensor two float32[] = [2.0]; tensor tiny float32[] = [0.001]
     tensor as2 int64[2] = [4, 64]; tensor as4 int64[4] = [1, 2, 2, 64]
     op = LayerNormalization(x, w, b)
     x2 = Reshape(x, as2); flat = LayerNormalization(x2, w, b) {axis=1}
     x4 = Reshape(x, as4); map = LayerNormalization(x4, w)
     m = ReduceMean(x) {axes=[-1]}; d = Sub(x, m); q = Pow(d, two)
     chain4 = ReduceMean(x4) {axes=[-1]}
     v = ReduceMean(q) {axes=[2]}; e = Add(v, tiny); r = Sqrt(e); chain = Div(d, r)
     y = Transpose(x) {perm=[0, 2, 1]}; across = ReduceMean(y) {axes=[1], keepdims=0}`,
    { w: random([64], 1), b: random([64], 2) },
  );
  const large = { x: [1000, 4, 64], x2: [4000, 64], x4: [1000, 2, 2, 64], d: [1000, 4, 64] };
  const shapes = shapesOf({ ...large, q: [1000, 4, 64], y: [1000, 64, 4] });
  assert.doesNotMatch(operators(fast(model, { shapes })), /LayerNormalization|ReduceMean/);
  const small = shapesOf({ x: [1, 4, 64], x2: [4, 64], x4: [1, 2, 2, 64], q: [1, 4, 64] });
  assert.equal(fastOperators(model.graph, { shapes: small }), model.graph);
  const [w, b] = [random([64], 1).data, random([64], 2).data];
  for (const [scale, offset] of [[1, 0], [1e-4, 0], [1e4, 0], [1, 100]] as const) {
    const x = random([1, 4, 64], 3, scale);
    x.data.forEach((value, i) => x.data[i] = value + offset);
    const mean = Float64Array.from({ length: 4 }, (_, row) => rowMean(x.data, row));
    const variance = Array.from(
      mean,
      (own, row) => rowMean(x.data.map((v) => (v - own) ** 2), row),
    );
    const norm = (epsilon: number) =>
      Array.from(x.data, (value, i) => {
        const row = Math.floor(i / 64);
        return (value - mean[row]!) / Math.sqrt(variance[row]! + epsilon);
      });
    const op = norm(1e-5).map((value, i) => value * w[i % 64]! + b[i % 64]!);
    const map = norm(1e-5).map((value, i) => value * w[i % 64]!);
    const across = Array.from(mean);
    await compare(model, x, { op, flat: op, map, chain: norm(1e-3), across, chain4: across }, {
      shapes,
    });
  }
});

Deno.test("fastOperators() writes what goes over channels by Conv, Split and Max", async () => {
  const model = modelOf(
    `input x float32[N, 9, 2, 2]
     output mean float32[N, 1, 2, 2]; output most float32[N, 2, 2]; output least float32[N, 1, 2, 2]
     output soft float32[N, 9, 2, 2]
     mean = ReduceMean(x) {axes=[1]}
     most = ReduceMax(x) {axes=[-3], keepdims=0}
     least = ReduceMin(x) {axes=[1]}
     soft = Softmax(x) {axis=1}`,
  );
  const shapes = shapesOf({ x: [1, 9, 32, 32] });
  assert.equal(
    operators(fast(model, { shapes })),
    "Conv Split Max Squeeze Split Min Split Max Sub Exp Conv Div",
  );
  assert.equal(fastOperators(model.graph), model.graph);
  const few = { shapes: shapesOf({ x: [9, 9, 20, 20] }) };
  assert.equal(operators(fast(model, few)), "Conv ReduceMax ReduceMin Softmax");
  for (const scale of [1e-3, 1, 30]) {
    const x = random([2, 9, 2, 2], 1, scale);
    const over = (reduce: (channels: number[]) => number) =>
      Array.from({ length: 8 }, (_, i) => reduce(channelsAt(x, i)));
    const sums = over((all) => all.reduce((sum, value) => sum + Math.exp(value), 0));
    await compare(model, x, {
      mean: over((all) => all.reduce((sum, value) => sum + value) / 9),
      most: over((all) => Math.max(...all)),
      least: over((all) => Math.min(...all)),
      soft: Array.from(
        x.data,
        (value, i) => Math.exp(value) / sums[4 * Math.floor(i / 36) + i % 4]!,
      ),
    }, { shapes });
  }
  const numbers = SPECIAL.filter((value) => !Number.isNaN(value)); // ReduceMax overlooks some NaN
  const values = Array.from({ length: 36 }, (_, i) => numbers[i % numbers.length]!);
  const special = float32([1, 9, 2, 2], values);
  const [before, after] = await Promise.all(
    [model, fast(model, { shapes })].map((one) => bitsOf(one, [special])),
  );
  assert.deepEqual([after!.most, after!.least], [before!.most, before!.least]);
});

/** What stands in all channels of [2, 9, 2, 2] at one position. */
function channelsAt(x: Tensor<"float32">, position: number): number[] {
  const start = 36 * Math.floor(position / 4) + position % 4;
  return Array.from({ length: 9 }, (_, channel) => x.data[start + 4 * channel]!);
}

Deno.test("fastOperators() writes InstanceNormalization of maps of middle size by pools", async () => {
  const model = modelOf(
    `input x float32[2, 3, 4, 4]
     output plain float32[2, 3, 4, 4]; output scaled float32[2, 3, 4, 4]
     tensor one float32[3] = [1.0, 1.0, 1.0]; tensor zero float32[3] = [0.0, 0.0, 0.0]
     plain = InstanceNormalization(x, one, zero)
     scaled = InstanceNormalization(x, w, b) {epsilon=0.01}`,
    { w: random([3], 1), b: random([3], 2) },
  );
  const at = (side: number) => ({ shapes: shapesOf({ x: [8, 3, side, side] }) });
  assert.equal(fastOperators(model.graph, at(16)), model.graph);
  assert.equal(fastOperators(model.graph, at(200)), model.graph);
  const added = "Add Sqrt Reciprocal";
  assert.equal(
    operators(fast(model, at(32))),
    `GlobalAveragePool Sub Mul GlobalAveragePool ${added} Mul ` +
      `GlobalAveragePool Sub Mul GlobalAveragePool ${added} Mul Mul Add`,
  );
  const [w, b] = [random([3], 1).data, random([3], 2).data];
  for (const [scale, offset] of [[1, 0], [1e-3, 0], [1, 10]] as const) {
    const x = random([2, 3, 4, 4], 3, scale);
    x.data.forEach((value, i) => x.data[i] = value + offset);
    const norm = (epsilon: number) =>
      Array.from(x.data, (value, i) => {
        const own = x.data.subarray(16 * Math.floor(i / 16)).subarray(0, 16);
        const mean = own.reduce((sum, one) => sum + one, 0) / 16;
        const variance = own.reduce((sum, one) => sum + (one - mean) ** 2, 0) / 16;
        return (value - mean) / Math.sqrt(variance + epsilon);
      });
    const channel = (i: number) => Math.floor(i / 16) % 3;
    await compare(model, x, {
      plain: norm(1e-5),
      scaled: norm(0.01).map((value, i) => value * w[channel(i)]! + b[channel(i)]!),
    }, at(32));
  }
});

function rowMean(values: Float32Array, row: number): number {
  return values.subarray(64 * row, 64 * (row + 1)).reduce((sum, value) => sum + value, 0) / 64;
}

Deno.test("fastOperators() writes Gelu by Tanh where it may approximate, however it was written", async () => {
  const model = modelOf(
    `input x float32[N]
     ${["op", "last", "first", "inner"].map((y) => `output ${y} float32[N]`).join("\n")}
     tensor half float32[] = [0.5]; tensor one float32[] = [1.0]
     tensor root float32[] = [1.4142135]; tensor inverse float32[1] = [0.70710678]
     a = Add(x, x)
     op = Gelu(a)
     u1 = Div(a, root); e1 = Erf(u1); g1 = Add(e1, one); p1 = Mul(a, g1); last = Mul(p1, half)
     u2 = Mul(inverse, a); e2 = Erf(u2); g2 = Add(one, e2); p2 = Mul(a, half); first = Mul(p2, g2)
     u3 = Div(a, root); e3 = Erf(u3); g3 = Add(e3, one); p3 = Mul(g3, half); inner = Mul(a, p3)`,
    {},
    20,
  );
  assert.equal(fastOperators(model.graph), model.graph);
  const options = { words: ["approximate" as const] };
  const written = fast(model, options);
  assert.doesNotMatch(operators(written), /Erf|Gelu/);
  const x = random([256], 1, 0.5);
  const [before, after] = [await run(model, { x }), await run(written, { x })];
  for (const name of Object.keys(before)) {
    const distance = decibels(after[name]!, Array.from(before[name]!.data, Number));
    assert.ok(distance > 70 && distance < 85, `${name}: ${distance} dB`);
  }
});

Deno.test("fastOperators() writes more nodes than there were for large tensors alone", () => {
  const gemm = modelOf(
    "input x float32[N, 4]; output y float32[N, 4]; h = Gemm(x, w); y = Relu(h)",
    { w: random([4, 4], 1) },
  );
  assert.equal(operators(fast(gemm)), "Gemm Max");
  assert.equal(operators(fast(gemm, { shapes: shapesOf({ h: [2, 4] }) })), "Gemm Relu");
  assert.equal(operators(fast(gemm, { shapes: shapesOf({ h: [9000, 4] }) })), "Gemm Max");
  const clip = modelOf(
    "input x float32[N]; output y float32[N]; tensor one float32[] = [1.0]; a = Neg(x); y = Clip(a, one)",
  );
  assert.equal(operators(fast(clip, { shapes: shapesOf({ a: [8] }) })), "Neg Clip");
  assert.equal(operators(fast(clip, { shapes: shapesOf({ a: [8000] }) })), "Neg Max Min");
  const branch = modelOf(
    `input x float32[N]; input c bool[]; output y float32[N]
     y = If(c) {then_branch=graph {
       output z float32[N]; tensor one float32[] = [1.0]
       h = Cast(x) {to=1}; r = Relu(h); z = Clip(r, one)
     }, else_branch=graph {output z float32[N]; z = Neg(x)}}`,
  );
  const [body] = subgraphs(fast(branch).graph.node[0]!);
  assert.deepEqual(body!.node.map(({ opType }) => opType), ["Cast", "Max", "Clip"]);
});

Deno.test("fastOperators() leaves what the runtime computes when it loads the model", () => {
  const model = modelOf(
    `input x float32[N, 8]; output y float32[N, 4]
     tensor scale float32[1] = [0.5]
     f = Neg(w); r = Relu(f); m = Mul(r, scale); y = MatMul(x, m)`,
    { w: random([8, 4], 1) },
  );
  assert.equal(fast(model), model);
});

Deno.test("fastOperators() leaves integers, what overwrites no value, other words and what is not selected", () => {
  const kept = modelOf(
    `input x float32[N]; output y float32[N]; output z float32[N]
     y = Relu(x); a = Neg(x); c = HardSigmoid(a); z = Mul(a, c)`,
  );
  assert.equal(fastOperators(kept.graph), kept.graph);
  const model = modelOf("input x int32[N]; output y int32[N]; a = Neg(x); y = Relu(a)");
  assert.equal(fastOperators(model.graph), model.graph);
  const { graph } = modelOf("input x float32[N]; output y float32[N]; a = Neg(x); y = Relu(a)");
  assert.equal(fastOperators(graph, { words: ["exact"] }), graph);
  assert.equal(fastOperators(graph, { select: () => false }), graph);
});
