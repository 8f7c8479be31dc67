import { assert, assertEquals, assertRejects } from "@std/assert";
import { UserError } from "../../lib/errors.ts";
import { readTensorProto } from "../../lib/onnx/tensor_proto.ts";
import { float32, perTensor } from "../../lib/quantize/qconfig.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { staticInt8, weightOnly } from "../../lib/quantize/qconfig.ts";
import { quantizeDynamic } from "../../lib/quantize/quantize_dynamic.ts";
import type { Feeds } from "../../lib/tensor/tensor.ts";
import { normal } from "../random.ts";
import { modelOf, quantized, sqnrBetween, stored } from "./fixture.ts";

const convolution = () =>
  modelOf(
    `input x float32[N, 4, 6, 6]; output y float32[N, 4, 6, 6]
    a = Conv(x, w) {pads=[1, 1, 1, 1]} @ conv; y = Relu(a) @ relu`,
    { w: [4, 4, 3, 3] },
  );

/** Numbers of words below `count`. */
function sentence(count: number): Feeds {
  const data = BigInt64Array.from({ length: 12 }, (_, i) => BigInt((i * 37) % count));
  return { ids: { type: "int64", dims: [1, 12], data } };
}

Deno.test("quantizeDynamic() makes products dynamic and stores tables, Conv, LSTM small", async () => {
  const tagger = modelOf(
    `input ids int64[1, T]; output tags float32[1, T, 8]
    e = Gather(table, ids) @ words; t = Transpose(e) {perm=[0, 2, 1]}
    c = Conv(t, k) {pads=[1, 1]} @ conv; s = Transpose(c) {perm=[2, 0, 1]}
    h, last, cell = LSTM(s, w, r) {hidden_size=24} @ lstm
    tensor axis int64[1] = [1]; q = Squeeze(h, axis); u = Transpose(q) {perm=[1, 0, 2]}
    tags = MatMul(u, m) @ head`,
    { table: [100, 24], k: [24, 24, 3], w: [1, 96, 24], r: [1, 96, 24], m: [24, 8] },
  );
  const int8 = await quantizeDynamic(tagger);
  const { Gather, Conv, LSTM, DynamicQuantizeMatMul } = int8.plan.executes();
  assertEquals({ Gather, Conv, LSTM, DynamicQuantizeMatMul }, {
    ...{ Gather: 1, Conv: 1, LSTM: 1, DynamicQuantizeMatMul: 1 },
  });
  assert(int8.bytes().length < 0.3 * tagger.bytes().length);
  assert(await sqnrBetween(tagger, int8, [sentence(100)]) > 25);
});

Deno.test("quantizeDynamic() stores what has no dynamic kernel small, and refuses nothing for it", async () => {
  const conv = await quantizeDynamic(convolution());
  assertEquals(conv.plan.executes(), { FusedConv: 1 });
  assertEquals(conv.traces.map(({ form }) => form), ["weightOnly", "float32"]);
  assertEquals(stored(conv, "w_scale")!.dims, [4, 1, 1, 1]); // a scale for each of its channels
});

Deno.test("quantizeDynamic() takes a stack of matrices, with one scale for all", async () => {
  const heads = modelOf(
    `input x float32[3, N, 16]; output z float32[3, N, 16]
     y = MatMul(x, v) @ heads; z = MatMul(y, w) @ linear`,
    { v: [3, 16, 16], w: [16, 16] },
  );
  const int8 = await quantizeDynamic(heads);
  assertEquals(int8.plan.executes(), { DynamicQuantizeMatMul: 2 });
  const x = { type: "float32", dims: [3, 5, 16], data: normal(240, 1) } as const;
  assert(await sqnrBetween(heads, int8, [{ x }]) > 30);
});

Deno.test("quantizeDynamic() says in one sentence that there is nothing to store small", async () => {
  const tiny = modelOf(
    `input x float32[N, 4]; output y float32[N, 4]; a = Relu(x); y = MatMul(a, w)`,
    { w: { type: "int32", dims: [1], data: Int32Array.of(1) } },
  );
  await assertRejects(
    () => quantizeDynamic(tiny),
    UserError,
    `nothing in it can be int8 or have smaller weights (Relu "a": it has no weights worth storing ` +
      `smaller; MatMul "y": its weights are not float32 constants)`,
  );
});

Deno.test("quantizeDynamic() takes PyTorch's word for Gemm and MatMul", async () => {
  const model = modelOf(
    `input x float32[N, T, 16]; output y float32[N, T, 16]; y = MatMul(x, w) @ linear`,
    { w: [16, 16] },
  );
  const int8 = await quantizeDynamic(model, ["Linear"]);
  assertEquals(int8.plan.executes(), { DynamicQuantizeMatMul: 1 });
  await assertRejects(
    () => quantizeDynamic(convolution(), ["Linear"]),
    UserError,
    "it has no Linear layer (Gemm or MatMul); it has Conv, Relu",
  );
  await assertRejects(() => quantizeDynamic(model, ["Gru"]), UserError, "matches no node");
});

Deno.test("quantizeDynamic() makes a GRU dynamic where it is named", async () => {
  const model = modelOf(
    `input x float32[T, N, 16]; output y float32[T, N, 8]
    tensor axis int64[1] = [1]
    g = GRU(x, w, r) {hidden_size=16} @ gru; s = Squeeze(g, axis) @ squeeze
    t = Relu(s) @ relu; p = MatMul(t, t2) @ scores; y = MatMul(t, m) @ fc`,
    { w: [1, 48, 16], r: [1, 48, 16], m: [16, 8], t2: [16, 16] },
  );
  const { plan } = await quantizeDynamic(model, ["GRU", "Linear"], { weight: perTensor });
  assertEquals(plan.executes(), { Scan: 1, DynamicQuantizeMatMul: 1, Relu: 1, Squeeze: 1 });
  await assertRejects(
    () => quantizeDynamic(model, ["GRU", "Relu"]),
    UserError,
    `Relu node "relu": rule op Relu; stays float32: it has no weights`,
  );
});

/** A language model whose output layer is the embedding, transposed. */
const tied = () =>
  modelOf(
    `input ids int64[1, T]; output y float32[1, T, 80]
     e = Gather(table, ids) @ words; h = MatMul(e, m) @ hidden
     t = Transpose(table) {perm=[1, 0]}; y = MatMul(h, t) @ head`,
    { table: [80, 32], m: [32, 32] },
  );

/** How many initializers have as many elements as the table. */
const tables = (model: ReturnType<typeof modelOf>) =>
  model.graph.initializer.map(readTensorProto)
    .filter(({ data }) => data.length === 80 * 32).map(({ type }) => type);

Deno.test("tied weights become one int8 table that both layers read", async () => {
  const model = tied();
  const samples = [sentence(80)];
  const both = qconfigMapping({ default: staticInt8({ otherwise: weightOnly() }) });
  for (
    const int8 of [
      await quantizeDynamic(model),
      await quantized(model, both, samples),
      await quantized(model, qconfigMapping({ default: weightOnly() }), samples),
    ]
  ) {
    assertEquals(tables(int8), ["int8"]);
    assert(int8.bytes().length < 0.4 * model.bytes().length);
    assert(await sqnrBetween(model, int8, samples) > 25);
  }
  const none = await quantized(model, qconfigMapping({ default: float32 }), samples);
  assertEquals(tables(none), ["float32"]);
});
