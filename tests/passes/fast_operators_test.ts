import assert from "node:assert/strict";
import { subgraphs } from "../../lib/onnx/graph.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { ShapeMap } from "../../lib/onnx/shape_map.ts";
import { fastOperators, type FastOperatorsOptions } from "../../lib/passes/fast_operators.ts";
import { openRuntime, openSession } from "../../lib/runtime/open_runtime.ts";
import { float32, type Tensor } from "../../lib/tensor/tensor.ts";
import { modelOf, random } from "./fixtures.ts";

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
      ["relu", "both", "low", "high", "leaky", "steep"].map((y) => `output ${y} float32[N]`)
        .join("\n")
    }
     tensor zero float32[] = [0.0]; tensor six float32[] = [6.0]; tensor low1 float32[1] = [-1.0]
     relu = Relu(x)
     both = Clip(x, zero, six)
     low = Clip(x, low1)
     high = Clip(x, "", six)
     leaky = LeakyRelu(x)
     steep = LeakyRelu(x) {alpha=-1.5}`,
  );
  const written = fast(model);
  assert.equal(operators(written), "Max Max Min Max Min Max Min PRelu PRelu");
  const inputs = [...SPECIAL.map((value) => [value]), SPECIAL, [...SPECIAL, ...SPECIAL, 1]]
    .map((values) => float32([values.length], values));
  assert.deepEqual(await bitsOf(written, inputs), await bitsOf(model, inputs));
});

Deno.test("fastOperators() leaves what the runtime takes into a Conv or a quantization, and nothing else", async () => {
  const names = "conv sum quantized pooled shared twice two unbiased plain output".split(" ");
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
     y_twice = Sub(c6, b6)
     c7 = Conv(x, w4) {pads=[1, 1, 1, 1]}; e7 = Conv(x, w5) {pads=[1, 1, 1, 1]}; s7 = Add(c7, e7)
     y_two = Relu(s7) @ two
     y_plain = Relu(x) @ plain
     y_output = LeakyRelu(y_conv) @ output`,
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
  assert.deepEqual([...alone], ["output", "plain", "shared", "twice", "two", "unbiased"]);
  assert.deepEqual(namesIn(fast(model)), namesIn(model).filter((name) => !alone.has(name)));
});

Deno.test("fastOperators() writes more nodes than there were for large tensors alone", () => {
  const gemm = modelOf(
    "input x float32[N, 4]; output y float32[N, 4]; h = Gemm(x, w); y = Relu(h)",
    { w: random([4, 4], 1) },
  );
  assert.equal(operators(fast(gemm)), "Gemm Max");
  assert.equal(operators(fast(gemm, { shapes: shapesOf({ h: [2, 4] }) })), "Gemm Relu");
  assert.equal(operators(fast(gemm, { shapes: shapesOf({ h: [1000, 4] }) })), "Gemm Max");
  const clip = modelOf(
    "input x float32[N]; output y float32[N]; tensor one float32[] = [1.0]; y = Clip(x, one)",
  );
  assert.equal(operators(fast(clip, { shapes: shapesOf({ x: [8] }) })), "Clip");
  assert.equal(operators(fast(clip, { shapes: shapesOf({ x: [8000] }) })), "Max Min");
  const branch = modelOf(
    `input x float32[N]; input c bool[]; output y float32[N]
     y = If(c) {then_branch=graph {
       output z float32[N]; tensor one float32[] = [1.0]
       h = Neg(one); r = Relu(h); z = Clip(r, one)
     }, else_branch=graph {output z float32[N]; z = Neg(x)}}`,
  );
  const [body] = subgraphs(fast(branch).graph.node[0]!);
  assert.deepEqual(body!.node.map(({ opType }) => opType), ["Neg", "Max", "Clip"]);
});

Deno.test("fastOperators() leaves integers, other words and what is not selected", () => {
  const model = modelOf("input x int32[N]; output y int32[N]; y = Relu(x)");
  assert.equal(fastOperators(model.graph), model.graph);
  const { graph } = modelOf("input x float32[N]; output y float32[N]; y = Relu(x)");
  assert.equal(fastOperators(graph, { words: ["exact"] }), graph);
  assert.equal(fastOperators(graph, { select: () => false }), graph);
});
