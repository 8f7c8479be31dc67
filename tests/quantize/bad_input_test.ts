import { assert, assertEquals } from "@std/assert";
import type { QuantFormat } from "../../lib/quantize/convert.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { perTensor, staticInt8, weightOnly } from "../../lib/quantize/qconfig.ts";
import { readPlan } from "../../lib/quantize/read_plan.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import { elementCount, float32 as tensor } from "../../lib/tensor/tensor.ts";
import { normal } from "../random.ts";
import { modelOf, quantized, run, samplesOf, sqnrBetween } from "./fixture.ts";

const FORMATS: readonly QuantFormat[] = ["QDQ", "QOperator"];
const everything = qconfigMapping({ default: staticInt8({ kernels: "any" }) });

/** Largest difference between two tensors' values. */
function difference(a: { data: unknown }, b: { data: unknown }): number {
  const other = b.data as Float32Array;
  return (a.data as Float32Array).reduce(
    (most, x, i) => Math.max(most, Math.abs(x - other[i]!)),
    0,
  );
}

Deno.test("every tensor may be an output of the network too", async () => {
  const model = modelOf(
    `input x float32[N, 4, 6, 6]
    output a float32[N, 4, 6, 6]; output r float32[N, 4, 6, 6]; output p float32[N, 4, 5, 5]
    output s float32[N, 4, 5, 5]; output f float32[N, 100]; output y float32[N, 8]
    output z float32[N, 8]
    a = Conv(x, w) {pads=[1, 1, 1, 1]} @ conv; r = Relu(a) @ relu
    p = MaxPool(r) {kernel_shape=[2, 2]} @ pool; s = Add(p, p) @ add; f = Flatten(s) @ flatten
    y = Gemm(f, g) @ fc; z = Relu(y) @ relu2`,
    { w: [4, 4, 3, 3], g: [100, 8] },
  );
  const samples = samplesOf({ x: [1, 4, 6, 6] }, 3);
  const expected = await run(model, samples[0]!);
  for (const format of FORMATS) {
    const int8 = await quantized(model, everything, samples, { format });
    const results = await run(int8, samples[0]!);
    assertEquals(Object.keys(results), Object.keys(expected));
    for (const [name, value] of Object.entries(expected)) {
      const largest = difference(value, { data: new Float32Array(value.data.length) });
      assert(difference(value, results[name]!) < 0.03 * largest, name);
    }
  }
});

Deno.test("an input may be an output too, and feed what is int8", async () => {
  const model = modelOf(
    `input x float32[N, 4, 6, 6]; output x float32[N, 4, 6, 6]; output y float32[N, 4, 4, 4]
    y = Conv(x, w) @ conv`,
    { w: [4, 4, 3, 3] },
  );
  const samples = samplesOf({ x: [1, 4, 6, 6] }, 2);
  for (const format of FORMATS) {
    const int8 = await quantized(model, everything, samples, { format });
    const { x } = await run(int8, samples[0]!);
    assertEquals(x!.data, samples[0]!["x"]!.data);
  }
});

Deno.test("weights that the network computes stay float32, by name", async () => {
  const model = modelOf(
    `input x float32[N, 4, 6, 6]; input v float32[4, 4, 3, 3]; input m float32[4, 5]
    output y float32[N, 4, 4, 5]
    a = Conv(x, v) @ conv; y = Gemm(b, m) @ fc; b = Reshape(a, rows) @ rows
    tensor rows int64[2] = [-1, 4]; tensor back int64[4] = [1, 4, 4, 5]; z = Reshape(y, back) @ z`,
  );
  const samples = samplesOf({ x: [1, 4, 6, 6], v: [4, 4, 3, 3], m: [4, 5] }, 1);
  const { plan } = await quantized(model, everything, samples);
  const why = Object.fromEntries(plan.rows.map(({ node, why }) => [node, why]));
  assertEquals(why["conv"], "default; stays float32: its weights are not float32 constants");
  assertEquals(why["fc"], "default; stays float32: its weights are not float32 constants");
});

Deno.test("operators of other domains compute in float32 between int8 neighbours", async () => {
  await using runtime = openRuntime({ workers: 1 });
  const model = modelOf(
    `input x float32[N, 4, 6, 6]; output y float32[N, 4, 2, 2]
    a = Conv(x, w) @ conv1; g = com.microsoft::Gelu(a) @ gelu; y = Conv(g, w) @ conv2`,
    { w: [4, 4, 3, 3] },
  );
  const { opsetImport } = model.proto;
  const known = model.withProto({
    ...model.proto,
    opsetImport: [...opsetImport, { ...opsetImport[0]!, domain: "com.microsoft", version: 1n }],
  });
  const samples = samplesOf({ x: [1, 4, 6, 6] }, 3);
  for (const format of FORMATS) {
    const int8 = await quantized(known, everything, samples, { format });
    assert(await sqnrBetween(known, int8, samples) > 30);
    const plan = readPlan(int8, (await runtime.optimized(int8))!);
    assertEquals(plan.executes(), { QLinearConv: 2, Gelu: 1 });
  }
});

Deno.test("an AveragePool that spells out dilations of 1 is int8, one that is dilated float32", async () => {
  for (const [dilation, kind] of [[1, "static"], [2, "float32"]] as const) {
    const model = modelOf(
      `input x float32[N, 4, 6, 6]; output y float32[N, 4, 2, 2]
      a = Conv(x, w) @ conv1
      p = AveragePool(a) {kernel_shape=[2, 2], dilations=[${dilation}, ${dilation}]} @ pool
      y = Conv(p, v) @ conv2`,
      { w: [4, 4, 2, 2], v: [4, 4, dilation === 1 ? 3 : 2, dilation === 1 ? 3 : 2] },
      19,
    );
    const samples = samplesOf({ x: [1, 4, 6, 6] }, 2);
    for (const format of FORMATS) {
      const int8 = await quantized(model, everything, samples, { format });
      assertEquals(int8.traces[1]!.form, kind);
      assert(await sqnrBetween(model, int8, samples) > 30);
    }
  }
});

Deno.test("empty tensors take part", async () => {
  const model = modelOf(
    `input x float32[N, 8, 6, 6]; output y float32[N, 8, 6, 6]
    tensor none float32[1, 0, 6, 6] = []; tensor from int64[1] = [0]; tensor axis int64[1] = [2]
    a = Conv(x, w) @ conv1; b = Slice(a, from, from, axis) @ slice; c = Concat(a, b) {axis=2} @ join
    d = Concat(c, none) {axis=1} @ join2; y = Conv(d, w) @ conv2`,
    { w: [8, 8, 1, 1] },
  );
  const samples = samplesOf({ x: [1, 8, 6, 6] }, 2);
  for (const format of FORMATS) {
    const int8 = await quantized(model, everything, samples, { format });
    assert(await sqnrBetween(model, int8, samples) > 30);
    const { y } = await run(int8, { x: tensor([0, 8, 6, 6], []) });
    assertEquals(y!.dims, [0, 8, 6, 6]);
  }
});

Deno.test("weights without elements stay float32, and what calibration saw only empty", async () => {
  const model = modelOf(
    `input x float32[N, 8]; output y float32[N, 0]; output z float32[N, 8]
    tensor none float32[8, 0] = []; y = MatMul(x, none) @ empty; z = MatMul(x, w) @ full`,
    { w: [8, 8] },
  );
  const { plan } = await quantized(model, everything, samplesOf({ x: [2, 8] }, 1));
  assertEquals(plan.rows[0]!.why, "default; stays float32: its weights are empty");
  const small = qconfigMapping({ default: staticInt8({ otherwise: weightOnly({ bits: 16 }) }) });
  const sliced = modelOf(
    `input x float32[1, N, 16]; output y float32[1, ?, 16]
    tensor window int64[1] = [8]; tensor end int64[1] = [99]; tensor axis int64[1] = [1]
    a = MatMul(x, w) @ all; far = Slice(a, window, end, axis) @ far
    b = MatMul(far, w) @ empty; r = Relu(b) @ relu; c = MatMul(r, w) @ behind
    k = Concat(a, c) {axis=1} @ concat; y = MatMul(k, w) @ last`,
    { w: [16, 16] },
  );
  const calibrated = await quantized(sliced, small, samplesOf({ x: [1, 6, 16] }, 2));
  const rows = new Map(calibrated.plan.rows.map((row) => [row.node, row]));
  assertEquals(
    rows.get("empty")!.why.split(";")[1],
    ' weightOnly instead: "b" was empty in every calibration sample',
  );
  assertEquals(rows.get("behind")!.applied, "weightOnly");
  assertEquals([rows.get("all")!.applied, rows.get("last")!.applied], [undefined, undefined]);
  assert(await sqnrBetween(sliced, calibrated, samplesOf({ x: [1, 12, 16] }, 2)) > 30);
});

Deno.test("an endless mask is left to float32, by name", async () => {
  const model = modelOf(
    `input x float32[N, 8]; output y float32[N, 8]
    a = Gemm(x, w) @ fc; m = Mul(a, mask) @ mul; c = Clip(m, low, high) @ clip
    y = Gemm(c, w) @ fc2; tensor low float32[] = [-1.0]; tensor high float32[] = [1.0]`,
    { w: [8, 8], mask: tensor([], [Infinity]) },
  );
  const mapping = qconfigMapping({ default: staticInt8() });
  const { plan } = await quantized(model, mapping, samplesOf({ x: [2, 8] }, 1));
  const why = plan.rows.find(({ node }) => node === "mul")!.why;
  assertEquals(why, `default; stays float32: the constant "mask" is not finite`);
});

Deno.test("a mask is neither observed nor quantized, though only one sample needs it", async () => {
  const model = modelOf(
    `input x float32[4, 8]; input keep bool[4, 4]; output y float32[4, 8]
    tensor zero float32[] = [0.0]; tensor down float32[] = [-inf]
    q = MatMul(x, w) @ q; k = MatMul(x, v) @ k; t = Transpose(k) {perm=[1, 0]} @ transpose
    s = MatMul(q, t) @ scores; m = Where(keep, zero, down) @ mask; a = Add(s, m) @ add
    p = Softmax(a) @ softmax; y = MatMul(p, x) @ mix`,
    { w: [8, 8], v: [8, 8] },
  );
  const samples = samplesOf({ x: [4, 8] }, 4).map((feeds, sample) => {
    const keep = Uint8Array.from({ length: 16 }, (_, i) => Number(sample < 3 || i % 4 <= i / 4));
    return { ...feeds, keep: { type: "bool", dims: [4, 4], data: keep } as const };
  });
  // As optimize() asks for it, which saw the first sample alone.
  const any = staticInt8({ kernels: "any" });
  const mapping = qconfigMapping({ default: any, int8Tensors: ["m", "x"] });
  const int8 = await quantized(model, mapping, samples);
  const rows = new Map(int8.plan.rows.map((row) => [row.node, row]));
  assertEquals(
    rows.get("add")!.why,
    'default; stays float32: "m" holds infinities, as a mask does',
  );
  assertEquals(rows.get("mix")!.applied, undefined);
  assert(await sqnrBetween(model, int8, samples) > 20);
});

Deno.test("weights and a bias with infinities leave their nodes in float32", async () => {
  const model = modelOf(
    `input x float32[2, 16]; input i int64[2]; output y float32[2, 16]; output z float32[2, 16]
    m = Gather(table, i) @ gather; y = Gemm(x, w, bias) @ fc; z = Add(y, m) @ add`,
    {
      w: [16, 16],
      bias: tensor([16], Array.from({ length: 16 }, (_, i) => i === 3 ? -Infinity : 0.5)),
      table: tensor([16, 16], Array.from({ length: 256 }, (_, i) => i % 7 ? 0 : -Infinity)),
    },
  );
  const mapping = qconfigMapping({ default: staticInt8({ otherwise: weightOnly() }) });
  const feeds = { i: { type: "int64", dims: [2], data: BigInt64Array.of(1n, 7n) } } as const;
  const samples = samplesOf({ x: [2, 16] }, 2).map((one) => ({ ...one, ...feeds }));
  const { plan } = await quantized(model, mapping, samples);
  const whys = plan.rows.map(({ why }) => why);
  assertEquals(whys.slice(0, 2), [
    "default; stays float32: it looks up a table of constants",
    "default; weightOnly instead: its bias holds infinities",
  ]);
});

Deno.test("a large bias beside tiny weights keeps its value in the integer kernels", async () => {
  for (const weight of [undefined, perTensor]) {
    for (const format of FORMATS) {
      const filled = (dims: readonly number[], seed: number, deviation: number) =>
        tensor(dims, normal(elementCount(dims), seed, deviation));
      const model = modelOf(
        `input x float32[N, 4, 6, 6]; output y float32[N, 4, 4, 4]; output z float32[N, 8]
        y = Conv(x, w, b) @ conv; f = Flatten(x) @ flatten; z = Gemm(f, g, c) @ fc`,
        {
          w: filled([4, 4, 3, 3], 1, 1e-10),
          b: filled([4], 2, 1000),
          g: filled([144, 8], 3, 1e-10),
          c: filled([8], 4, 1000),
        },
      );
      const samples = samplesOf({ x: [1, 4, 6, 6] }, 2);
      const mapping = qconfigMapping({ default: staticInt8({ weight }) });
      const int8 = await quantized(model, mapping, samples, { format });
      assert(await sqnrBetween(model, int8, samples) > 45);
      const [expected, found] = [await run(model, samples[0]!), await run(int8, samples[0]!)];
      assert(difference(expected["z"]!, found["z"]!) < 10);
    }
  }
});
