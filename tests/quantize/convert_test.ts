import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { calibrate } from "../../lib/calibrate/calibrate.ts";
import { UserError } from "../../lib/errors.ts";
import { decodeModel } from "../../lib/onnx/model.ts";
import { allNodes } from "../../lib/onnx/graph.ts";
import { makeTensorProto, readTensorProto } from "../../lib/onnx/tensor_proto.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { qconfigMapping, type Rule } from "../../lib/quantize/mapping.ts";
import { quantizeStatic } from "../../lib/quantize/one_call.ts";
import { prepare } from "../../lib/quantize/prepare.ts";
import {
  dynamicInt8,
  float32,
  perChannel,
  perTensorAffine,
  staticInt8,
  weightOnly,
} from "../../lib/quantize/qconfig.ts";
import { type Feeds, float32 as tensor } from "../../lib/tensor/tensor.ts";
import { modelOf, quantized, samplesOf, sqnrBetween } from "./fixture.ts";

const residual = () =>
  modelOf(
    `input x float32[N, 4, 6, 6]; output y float32[N, 4, 6, 6]; output s float32[N, 4, 6, 6]
    a = Conv(x, w, b) {pads=[1, 1, 1, 1]} @ conv1; r = Relu(a) @ relu
    c = Conv(r, w) {pads=[1, 1, 1, 1]} @ conv2; s = Add(c, r) @ add
    y = Conv(s, w) {pads=[1, 1, 1, 1]} @ conv3`,
    { w: [4, 4, 3, 3], b: [4] },
  );
const samples = samplesOf({ x: [1, 4, 6, 6] }, 3);
const everything = qconfigMapping({ default: staticInt8() });

Deno.test("convert() quantizes each tensor once, however many read it", async () => {
  const { graph } = await quantized(residual(), everything, samples);
  const quantizes = graph.node.filter(({ opType }) => opType === "QuantizeLinear");
  // x, the Relu's, conv2's, the Add's and conv3's results; nothing between conv1 and its Relu.
  assertEquals(quantizes.map(({ input }) => input[0]), [
    "x",
    "r_float",
    "c_float",
    "s_float",
    "y_float",
  ]);
  const stored = new Set(graph.initializer.map(({ name }) => name));
  const scales = graph.node
    .filter(({ opType, input }) => opType === "DequantizeLinear" && !stored.has(input[0]!))
    .map(({ input }) => input[1]);
  assertEquals(scales.length, 5);
  assertEquals(new Set(scales).size, scales.length);
});

Deno.test("convert() keeps the names of the graph's inputs and outputs", async () => {
  const { graph } = await quantized(residual(), everything, samples);
  assertEquals(graph.input.map(({ name }) => name), ["x"]);
  assertEquals(graph.output.map(({ name }) => name), ["y", "s"]);
});

Deno.test("convert() writes a model that reads back as the same bytes", async () => {
  const bytes = (await quantized(residual(), everything, samples)).bytes();
  const again = decodeModel(bytes.slice());
  assertEquals(again.withProto({ ...again.proto }).bytes(), bytes);
});

Deno.test("convert() gives the same bytes for the same samples", async () => {
  const [a, b] = [
    await quantized(residual(), everything, samples),
    await quantized(residual(), everything, samples.toReversed()),
  ];
  assertEquals(await a.hash(), await b.hash());
});

Deno.test("convert() to float32 alone returns the model's own bytes", () => {
  const model = residual();
  assertEquals(convert(model, qconfigMapping({ default: float32 })).bytes(), model.bytes());
});

Deno.test("convert() stores weights that several nodes share once", () => {
  const small = convert(residual(), qconfigMapping({ default: weightOnly() }));
  const names = small.graph.initializer.map(({ name }) => name);
  assertEquals(names.toSorted(), ["b", "w_int8", "w_scale"]);
});

Deno.test("convert() stores the integers of shared weights and biases once", async () => {
  const model = modelOf(
    `input x float32[N, 4, 6, 6]; output y float32[N, 4, 6, 6]
    a = Conv(x, w, b) {pads=[1, 1, 1, 1]} @ conv1; r = Relu(a) @ relu
    c = Conv(r, w, b) {pads=[1, 1, 1, 1]} @ conv2; y = Conv(c, v, b) {pads=[1, 1, 1, 1]} @ conv3`,
    { w: [4, 4, 3, 3], v: [4, 4, 3, 3], b: [4] },
  );
  for (const format of ["QDQ", "QOperator"] as const) {
    const { graph } = await quantized(model, everything, samples, { format });
    const named = (end: string) =>
      graph.initializer.filter(({ name }) => name.includes(end)).length;
    assertEquals([named("w_quantized"), named("v_quantized"), named("w_scale")], [1, 1, 1]);
    // The integers of a bias depend on the scale of what the Conv reads.
    assertEquals(named("b_quantized"), 3);
  }
  const dynamic = convert(model, qconfigMapping({ default: dynamicInt8() }));
  const weights = dynamic.graph.initializer.filter(({ name }) => name.endsWith("_uint8"));
  assertEquals(weights.map(({ name }) => name).toSorted(), ["v_uint8", "w_uint8"]);
});

Deno.test("weights that a float32 node reads too are not stored small", () => {
  const model = modelOf(
    `input x float32[N, 16]; output y float32[N, 16]; output z float32[N, 16]
    a = MatMul(x, w) @ first; y = MatMul(a, w) @ second; b = MatMul(x, v) @ third
    z = MatMul(b, u) @ fourth; tensor axes int64[2] = [1, 0]; u = Transpose(v) @ turn`,
    { w: [16, 16], v: [16, 16] },
  );
  const { plan, graph } = convert(
    model,
    qconfigMapping({ default: weightOnly(), rules: [["first", float32], ["fourth", float32]] }),
  );
  const why = Object.fromEntries(plan.rows.map(({ node, why }) => [node, why]));
  assertEquals(
    why["second"],
    `default; stays float32: it shares weights with "first", which stays float32`,
  );
  assertEquals(
    why["third"],
    `default; stays float32: it shares weights with "fourth", which stays float32`,
  );
  assertEquals(graph.initializer.some(({ name }) => name.endsWith("int8")), false);
});

Deno.test("weights that nodes lay out are stored small in their own shape", () => {
  const model = modelOf(
    `input x float32[N, 16]; output y float32[N, 40]
    t = Transpose(w) {perm=[1, 0]} @ turn; tensor twice int64[40] = [0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9]
    u = Gather(t, twice) {axis=1} @ repeat; y = MatMul(x, u) @ matmul`,
    { w: [10, 16] },
  );
  const { graph, plan } = convert(model, qconfigMapping({ default: weightOnly() }));
  const stored = graph.initializer.find(({ name }) => name === "w_int8");
  assertEquals(stored?.dims, [10n, 16n]);
  assertEquals(graph.initializer.find(({ name }) => name === "w_scale")?.dims, [10n, 1n]);
  assertEquals(plan.rows.at(-1)?.why, "default");
});

Deno.test("weights that are an output of the network too are not stored small", () => {
  const model = modelOf(
    `input x float32[N, 16]; output y float32[N, 16]; output w float32[16, 16]
    y = MatMul(x, w) @ matmul`,
    { w: [16, 16] },
  );
  const { plan } = convert(model, qconfigMapping({ default: weightOnly() }));
  assertEquals(
    plan.rows[0]?.why,
    "default; stays float32: its weights are an output of the graph too",
  );
});

Deno.test("weights beyond float16 are not stored as such, NaN weights are refused by name", () => {
  const model = (value: number) => {
    const { graph } = modelOf(
      `input x float32[N, 2]; output y float32[N, 64]; y = MatMul(x, w) @ matmul`,
    );
    const w = makeTensorProto("w", tensor([2, 64], new Float32Array(128).fill(value)));
    return residual().withGraph({ ...graph, initializer: [w] });
  };
  const { plan } = convert(model(1e5), qconfigMapping({ default: weightOnly({ bits: 16 }) }));
  assertStringIncludes(plan.rows[0]!.why, "it has weights beyond 65504, the largest float16");
  for (const qconfig of [weightOnly(), dynamicInt8()]) {
    assertThrows(
      () => convert(model(NaN), qconfigMapping({ default: qconfig })),
      UserError,
      `Cannot quantize weights "w": element 0 is NaN`,
    );
  }
});

Deno.test("convert() says which range it lacks", async () => {
  const model = residual();
  assertThrows(
    () => convert(model, everything),
    UserError,
    `the range of tensor "x" is not known, and static int8 needs it; pass what calibrate() returns`,
  );
  const partly = qconfigMapping({ default: float32, rules: [["conv1", staticInt8()]] });
  const calibration = await calibrate(prepare(model, partly), samples);
  assertThrows(
    () => convert(model, everything, calibration),
    UserError,
    "calibrate what prepare()",
  );
});

Deno.test("convert() knows the range of a Tanh that was never seen, and prefers what was", async () => {
  const model = modelOf(
    `input x float32[N, 8]; output y float32[N, 8]
    g = Gemm(x, w) @ fc1; s = Tanh(g) @ tanh; y = Gemm(s, w) @ fc2`,
    { w: [8, 8] },
  );
  const scaleOf = async (count: number) => {
    const feeds = [{ x: tensor([count, 8], new Float32Array(8 * count).fill(0.01)) }];
    const seen = await calibrate(prepare(model, everything), feeds);
    const x = (await calibrate(prepare(model, everything), samplesOf({ x: [1, 8] }, 1))).statistics;
    const statistics = new Map([...seen.statistics, ["x", x.get("x")!]]);
    const { graph } = convert(model, everything, { samples: 1, statistics });
    const name = graph.node.find(({ input }) => input[0] === "s")!.input[1];
    const scale = graph.initializer.find((tensor) => tensor.name === name)!;
    return (readTensorProto(scale).data as Float32Array)[0];
  };
  assertEquals(await scaleOf(0), Math.fround(2 / 255));
  assertEquals((await scaleOf(1))! < 1 / 255, true);
});

Deno.test("the plan says why a node is not what was asked for", async () => {
  const model = modelOf(
    `input x float32[N, 4, 6, 6]; input n int64[1]; output y float32[?, ?]; output m int64[1]
    one = Shape(x) @ shape; m = Add(n, n) @ count
    c = ConvTranspose(x, w) @ up; s = Elu(c) @ elu; f = Reshape(s, n) @ flat
    g = GRU(f, gw, gr) {hidden_size=8, activations=["Affine", "Tanh"]} @ gru; t = Tanh(g) @ tanh
    y = Gemm(t, w2, c) {alpha=0.5} @ fc`,
    { w: [4, 4, 3, 3], gw: [1, 24, 8], gr: [1, 24, 8], w2: [16, 16], c2: [8] },
  );
  const plan = convert(
    model,
    qconfigMapping({
      default: staticInt8(),
      rules: [["elu", dynamicInt8()], ["tanh", weightOnly()], ["gru", dynamicInt8()]],
      onUnsupported: "float32",
    }),
    await calibrate(prepare(model), samples).catch(() => undefined),
  ).plan;
  const why = Object.fromEntries(plan.rows.map(({ node, why }) => [node, why]));
  assertEquals(why, {
    shape: "default; stays float32: it works on integers",
    count: "default; stays float32: it works on integers",
    up: "default; stays float32: no int8 ConvTranspose kernel; weightOnly() makes it smaller",
    elu: `rule "elu"; stays float32: it has no weights`,
    flat: "default; stays float32: it only moves values, and they come in float32",
    gru:
      `rule "gru"; stays float32: its activation Affine is not one of Relu, Sigmoid, Softplus, ` +
      `Softsign, Tanh; weightOnly() makes it smaller`,
    tanh: `rule "tanh"; stays float32: it has no weights worth storing smaller`,
    fc: "default; stays float32: Gemm with alpha or beta other than 1 has no int8 kernel; " +
      "weightOnly() makes it smaller",
  });
});

Deno.test("convert() refuses a rule that none of its nodes can follow", () => {
  const model = modelOf(
    `input x float32[T, N, 8]; output y float32[T, 1, N, 8]
    p = Relu(x) @ relu; y = GRU(p, w, r) {hidden_size=8} @ gru`,
    { w: [1, 24, 8], r: [1, 24, 8] },
  );
  const attempt = (rule: Rule) => () =>
    convert(model, qconfigMapping({ default: float32, rules: [rule] }));
  const turned = modelOf(
    `input x float32[N, T, 8]; output y float32[T, 1, N, 8]
    t = Transpose(x) {perm=[1, 0, 2]} @ gru.turn; y = GRU(t, w, r) {hidden_size=8} @ gru.layer`,
    { w: [1, 24, 8], r: [1, 24, 8] },
  );
  const carried = () =>
    convert(turned, qconfigMapping({ default: float32, rules: [["gru.*", staticInt8()]] }));
  assertThrows(
    attempt(["gru", staticInt8()]),
    UserError,
    `rule "gru" asks for static GRU node "gru": no int8 GRU kernel; give it dynamicInt8(), ` +
      "weightOnly() or float32",
  );
  assertThrows(attempt([{ op: "Relu" }, dynamicInt8()]), UserError, "it has no weights");
  // Nodes that would only move what others made int8 save no rule.
  assertThrows(carried, UserError, "no int8 GRU kernel");
  // Of a region it is enough if one node can.
  assertEquals(attempt(["*", weightOnly()])().plan.rows.map(({ why }) => why), [
    `rule "*"; stays float32: it has no weights worth storing smaller`,
    `rule "*"`,
  ]);
});

Deno.test("convert() makes both MatMuls of a dynamic GRU integer", () => {
  const model = modelOf(
    `input x float32[T, N, 32]; output y float32[T, 1, N, 32]
    y = GRU(x, w, r) {hidden_size=32, linear_before_reset=1} @ gru`,
    { w: [1, 96, 32], r: [1, 96, 32] },
  );
  const int8 = convert(model, qconfigMapping({ default: dynamicInt8() }));
  const operators = [...allNodes(int8.graph)].map(({ opType }) => opType);
  assertEquals(operators.filter((op) => op === "MatMulInteger").length, 2);
  assertEquals(operators.includes("MatMul"), false);
  assertEquals(int8.bytes().length < 0.5 * model.bytes().length, true);
});

Deno.test("convert() goes into the bodies of If, Loop and Scan", async (t) => {
  const branches = modelOf(
    `input x float32[N, 16]; input flag bool[]; output y float32[N, 16]
    y = If(flag) {then_branch=graph then {
      output a float32[N, 16]
      a = MatMul(x, w)
    }, else_branch=graph else {
      output b float32[N, 16]
      p = MatMul(x, w); q = Relu(p); b = MatMul(q, v)
    }} @ choice`,
    { w: [16, 16], v: [16, 16] },
  );
  const scan = modelOf(
    `input x float32[T, 16]; input h float32[16]; output last float32[16]; output all float32[T, 16]
    last, all = Scan(h, x) {num_scan_inputs=1, body=graph step {
      input before float32[16]; input now float32[16]
      output after float32[16]; output shown float32[16]
      tensor axes int64[1] = [0]
      row = Unsqueeze(now, axes); p = MatMul(row, w); s = Squeeze(p, axes); a = Add(s, before)
      after = Tanh(a); shown = Identity(after)
    }} @ scan`,
    { w: [16, 16] },
  );
  const flags = (value: boolean) =>
    samplesOf({ x: [2, 16] }, 2).map((feeds): Feeds => ({
      ...feeds,
      flag: { type: "bool", dims: [], data: Uint8Array.of(value ? 1 : 0) },
    }));
  const cases = [
    ["then", branches, flags(true)],
    ["else", branches, flags(false)],
    ["scan", scan, samplesOf({ x: [5, 16], h: [16] }, 2)],
  ] as const;
  for (const [name, model, samples] of cases) {
    for (const qconfig of [dynamicInt8(), weightOnly()]) {
      await t.step(`${name}, ${qconfig.kind}`, async () => {
        const small = convert(model, qconfigMapping({ default: qconfig }));
        assertEquals(small.bytes().length < 0.75 * model.bytes().length, true);
        assertEquals(await sqnrBetween(model, small, samples) > 30, true);
      });
    }
  }
  const stored = convert(branches, qconfigMapping({ default: weightOnly() }));
  // Both branches read w, which the graph around them holds: it is stored once, there.
  assertEquals(stored.graph.initializer.map(({ name }) => name).toSorted(), [
    "v_int8",
    "v_scale",
    "w_int8",
    "w_scale",
  ]);
});

Deno.test("quantizeStatic() fuses, calibrates, converts and reads back in one call", async () => {
  const model = modelOf(
    `input x float32[N, 4, 6, 6]; output y float32[N, 4, 6, 6]
    a = Conv(x, w) {pads=[1, 1, 1, 1]} @ conv
    b = BatchNormalization(a, scale, shift, mean, variance) @ bn
    y = Relu(b) @ relu
    tensor variance float32[4] = [1.0, 2.0, 3.0, 4.0]`,
    { w: [4, 4, 3, 3], scale: [4], shift: [4], mean: [4] },
  );
  const { plan } = await quantizeStatic(model, samples, { maxSamples: 2 });
  assertEquals(plan.executes(), { QLinearConv: 1 });
});

Deno.test("quantizeStatic() passes every option on", async () => {
  const model = modelOf(
    `input x float32[N, 8, 12]; output y float32[N, 8, 12]
    a = Conv(x, w) {pads=[1, 1]} @ conv; y = ConvTranspose(a, u) {pads=[1, 1]} @ up`,
    { w: [8, 8, 3], u: [8, 8, 3] },
  );
  const { graph, plan } = await quantizeStatic(model, samplesOf({ x: [1, 8, 12] }, 1), {
    ...{ dtype: "int8", scheme: "symmetric", otherwise: weightOnly() },
  });
  const zero = graph.initializer.find(({ name }) => name === "x_zero_point")!;
  assertEquals(readTensorProto(zero), { type: "int8", dims: [], data: Int8Array.of(0) });
  assertStringIncludes(plan.rows[1]!.why, "weightOnly instead");
});

Deno.test("convert() refuses uint8 beside int8 activations, and weights that no kernel takes", () => {
  const mapping = qconfigMapping({
    default: staticInt8(),
    rules: [["conv2", staticInt8({ dtype: "int8" })]],
  });
  assertThrows(() => prepare(residual(), mapping), UserError, "take one type for all");
  const affine = { ...perChannel, name: "odd", scheme: "affine" } as const;
  for (const make of [staticInt8, dynamicInt8, weightOnly]) {
    assertThrows(() => make({ weight: affine }), UserError, "one zero point for all channels");
  }
  assertThrows(
    () => staticInt8({ dtype: "int8", weight: perTensorAffine }),
    UserError,
    "there is no such kernel",
  );
  assertThrows(() => weightOnly({ bits: 4, blockSize: 0 }), RangeError);
});

Deno.test("a layer that static int8 leaves to dynamic int8 needs no range", async () => {
  const model = modelOf(
    `input x float32[T, N, 16]; output y float32[T, 1, N, 16]
    a = MatMul(x, m) @ linear; y = GRU(a, w, r) {hidden_size=16} @ gru`,
    { m: [16, 16], w: [1, 48, 16], r: [1, 48, 16] },
  );
  const mapping = qconfigMapping({ default: staticInt8({ otherwise: dynamicInt8() }) });
  assertEquals(prepare(model, mapping).tensors, ["x"]);
  const { plan, traces } = await quantized(model, mapping, samplesOf({ x: [4, 2, 16] }, 2));
  assertEquals(traces.map(({ form }) => form), ["static", "dynamic"]);
  assertStringIncludes(plan.rows[1]!.why, "dynamic instead: no int8 GRU kernel");
});

Deno.test("the plan names the domain of operators it does not know", () => {
  const model = modelOf(
    `input x float32[N, 4]; output y float32[N, 4]; y = my.ops::GRU(x) @ odd; z = Relu(y) @ relu`,
  );
  const [row] = convert(model, everything, undefined).plan.rows;
  assertEquals(
    row?.why,
    "default; stays float32: no int8 kernel is known for GRU of domain my.ops",
  );
});

Deno.test("calibrate() names the node and the sample that turn NaN", async () => {
  const model = modelOf(
    `input x float32[N, 4]; output y float32[N, 4]
    l = Log(x) @ log; y = Gemm(l, w) @ fc`,
    { w: [4, 4] },
  );
  const data = [{ x: tensor([1, 4], [1, 2, 3, 4]) }, { x: tensor([1, 4], [1, -1, 1, 1]) }];
  await assertRejects(
    () => calibrate(prepare(model, everything), data),
    UserError,
    `in sample 1, tensor "l", made by Log node "log", holds NaN at index 1`,
  );
});

Deno.test("calibrate() refuses no samples at all", async () => {
  await assertRejects(
    () => calibrate(prepare(residual(), everything), []),
    UserError,
    "there are no calibration samples",
  );
});

Deno.test("convert() quantizes a tensor where it comes from, if it is asked to", async () => {
  const model = modelOf(
    `input x float32[1, 4]
     output y float32[2, 8]
     tensor rows int64[2] = [0, 0]
     a = Tanh(x)
     g = Gather(a, rows) {axis=0}
     y = Gemm(g, w)`,
    { w: [4, 8] },
  );
  const formsOf = async (int8Tensors: readonly string[]) => {
    const mapping = qconfigMapping({ default: float32, rules: RULES, int8Tensors });
    const { plan, traces } = await quantized(model, mapping, samplesOf({ x: [1, 4] }, 2));
    return traces.map(({ form }, i) => `${plan.rows[i]!.opType} ${form}`);
  };
  const RULES = [[{ op: "Gather" }, staticInt8()], [{ op: "Gemm" }, staticInt8()]] as const;
  assertEquals(await formsOf([]), ["Tanh float32", "Gather float32", "Gemm static"]);
  assertEquals(await formsOf(["a"]), ["Tanh float32", "Gather static", "Gemm static"]);
});

Deno.test("a plan prints layers by kind and one by one; only `all` has the other nodes", () => {
  const model = modelOf(
    `input x float32[N, 32]; output y float32[N, 8]
    a = Gemm(x, w1) @ up; r = Relu(a) @ relu; b = Gemm(r, w2) @ down; y = Softmax(b) @ softmax`,
    { w1: [32, 16], w2: [16, 8] },
  );
  const rules: Rule[] = [["down", float32]];
  const { plan } = convert(model, qconfigMapping({ default: weightOnly(), rules }));
  assertEquals(
    plan.toString(),
    "node  op    asked       executes as  why        \n".trimEnd() + "\n" +
      "----  ----  ----------  -----------  -----------\n" +
      "up    Gemm  weightOnly               default\n" +
      'down  Gemm  float32                  rule "down"\n\n' +
      "Besides, 2 nodes without weights: 2 that compute on values alone, move them, or were " +
      "folded away.",
  );
  assertStringIncludes(plan.all.text, "softmax");
  const alike = convert(model, qconfigMapping({ default: weightOnly() })).plan.toString();
  assertEquals(
    alike.slice(0, alike.indexOf("\n\n")),
    "layers  operator  becomes     executes as  float32 weights  why float32\n" +
      "------  --------  ----------  -----------  ---------------  -----------\n" +
      "     2  Gemm      weightOnly  –                    2.56 kB",
  );
});

Deno.test("a layer that reads constants alone stays float32, as its input has no range", () => {
  const model = modelOf(
    `input x float32[N, 8]; output y float32[N, 8]
    tensor k float32[1, 8] = [${Array(8).fill("0.5")}]
    t = Gemm(k, w) @ fixed; r = Relu(t); y = Add(x, r)`,
    { w: [8, 8] },
  );
  const mapping = qconfigMapping({ default: staticInt8() });
  assertEquals(prepare(model, mapping).tensors, []);
  const { plan } = convert(model, mapping);
  assertEquals(plan.rows[0]!.why, "default; stays float32: it reads constants alone");
});

Deno.test("a plan notes which weights a layer shares with one before it, turned over or not", () => {
  const model = modelOf(
    `input i int32[1, 4]; output y float32[1, 4, 64]
    e = Gather(table, i) @ embed; h = MatMul(e, w) @ up
    turned = Transpose(table) {perm=[1, 0]} @ turn; y = MatMul(h, turned) @ head`,
    { table: [64, 16], w: [16, 16] },
  );
  const { plan } = convert(model, qconfigMapping({ default: weightOnly() }));
  const layers = plan.rows.filter(({ weights }) => weights !== undefined);
  assertEquals(layers.map(({ node, weights, shared }) => [node, weights, shared]), [
    ["embed", 4096, undefined],
    ["up", 1024, undefined],
    ["head", 4096, 4096],
  ]);
});
