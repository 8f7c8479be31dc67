import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import type { Model } from "../../lib/onnx/model.ts";
import type { CorrectedModel } from "../../lib/passes/corrected_model.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { dynamicInt8, staticInt8 } from "../../lib/quantize/qconfig.ts";
import { quantizeWith } from "../../lib/quantize/quantize_with.ts";
import { smooth } from "../../lib/quantize/smooth.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { normal } from "../random.ts";
import { modelOf, runAll, sqnrBetween, stored } from "./fixture.ts";

const STATIC = qconfigMapping({ default: staticInt8() });

/** Values of a constant. */
function values(model: Model, name: string): number[] {
  return [...stored(model, name)!.data as Float32Array];
}

Deno.test("smooth() divides a channel by sqrt(a / w), a its reach and w that of its weights", async () => {
  const model = modelOf(
    `input x float32[N, 2]
    output y float32[N, 1]
    tensor w1 float32[2, 2] = [1.0, 0.0, 0.0, 1.0]
    tensor b1 float32[2] = [0.0, 8.0]
    tensor w2 float32[2, 1] = [1.0, 1.0]
    h = Gemm(x, w1, b1) @ first
    r = Relu(h)
    y = Gemm(r, w2) @ second`,
  );
  // The channels of r reach 64 and 4: sqrt is 8 and 2, of geometric mean 4.
  const samples = [{ x: float32([2, 2], [64, -4, 1, -8]) }];
  const smoothed = await smooth(model, STATIC, samples) as CorrectedModel;
  assertEquals([...smoothed.notes], [["first", "smoothed for second"]]);
  assertEquals(values(smoothed, "w1"), [0.5, 0, 0, 2]);
  assertEquals(values(smoothed, "b1"), [0, 16]);
  assertEquals(values(smoothed, "w2"), [2, 0.5]);
  // With alpha 1 the activations become even: 64 and 4 around 16.
  assertEquals(values(await smooth(model, STATIC, samples, { alpha: 1 }), "w2"), [4, 0.25]);
});

/** A LayerNorm with an outlier channel in front of two MatMuls. */
function outlier(): Model {
  const scale = new Float32Array(16).fill(1);
  scale[5] = 256;
  const text = `input x float32[N, 4, 16]
    output y float32[N, 4, 12]
    n = LayerNormalization(x, scale, shift) {axis=-1} @ norm
    q = MatMul(n, wq) @ query
    k = MatMul(n, wk) @ key
    y = Add(q, k)`;
  const [wq, wk] = [1, 2].map((seed) => {
    const data = normal(16 * 12, seed);
    for (let i = 5 * 12; i < 6 * 12; i++) data[i]! /= 256;
    return float32([16, 12], data);
  });
  return modelOf(text, { scale: float32([16], scale), shift: [16], wq: wq!, wk: wk! });
}

const SEQUENCES = Array.from(
  { length: 6 },
  (_, i) => ({ x: float32([1, 4, 16], normal(64, 20 + i)) }),
);

Deno.test("smooth() moves an outlier channel into the weights, which gains many dB, and keeps float32", async () => {
  const model = outlier();
  const smoothed = await smooth(model, STATIC, SEQUENCES);
  assertEquals(await runAll(smoothed, SEQUENCES), await runAll(model, SEQUENCES));
  const before = await quantizeWith(model, STATIC, SEQUENCES);
  const after = await quantizeWith(model, STATIC, SEQUENCES, { corrections: ["smooth"] });
  const gain = await sqnrBetween(model, after.int8, SEQUENCES) -
    await sqnrBetween(model, before.int8, SEQUENCES);
  assert(gain > 10, `${gain} dB`);
  const [norm] = after.int8.plan.rows;
  assert(norm!.why.includes("smoothed for query, key"), norm!.why);
});

Deno.test("smooth() takes in the scale and shift behind a norm that is spelt out", async () => {
  const model = modelOf(
    `input x float32[N, 4]
    output y float32[N, 3]
    t = Tanh(x)
    m = Mul(t, scale) @ scale
    a = Add(m, shift)
    y = MatMul(a, w) @ linear`,
    { scale: float32([4], [100, 1, 1, 1]), shift: [4], w: [4, 3] },
  );
  const samples = [{ x: float32([3, 4], normal(12, 3)) }];
  const smoothed = await smooth(model, STATIC, samples);
  assert(values(smoothed, "scale")[0]! < 50);
  assertEquals(await runAll(smoothed, samples), await runAll(model, samples));
});

Deno.test("smooth() leaves alone what nothing can be folded into, and what is not static", async () => {
  const residual = modelOf(
    `input x float32[N, 4]
    output y float32[N, 4]
    h = Gemm(x, w1)
    s = Add(h, x)
    y = Gemm(s, w2)`,
    { w1: [4, 4], w2: [4, 4] },
  );
  const samples = [{ x: float32([2, 4], normal(8, 1)) }];
  assertStrictEquals(await smooth(residual, STATIC, samples), residual);
  const model = outlier();
  const dynamic = qconfigMapping({ default: dynamicInt8() });
  assertStrictEquals(await smooth(model, dynamic, SEQUENCES), model);
  await assertRejects(() => smooth(model, STATIC, SEQUENCES, { alpha: 2 }), RangeError);
});
