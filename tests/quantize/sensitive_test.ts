import assert from "node:assert/strict";
import type { Model } from "../../lib/onnx/model.ts";
import { decide } from "../../lib/quantize/decide.ts";
import { graphFacts } from "../../lib/quantize/graph_facts.ts";
import { qconfigMapping, type Rule } from "../../lib/quantize/mapping.ts";
import { dynamicInt8, type QConfig, staticInt8, weightOnly } from "../../lib/quantize/qconfig.ts";
import { sensitiveLayers } from "../../lib/quantize/sensitive.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { modelOf } from "./fixture.ts";

/** A layer @mel, and what stands behind it. */
const behind = (text: string): Model =>
  modelOf(
    `input x float32[4, 16]; output y float32[?, ?]
    tensor tiny float32[] = [0.00001]; tensor one float32[] = [1.0]; tensor many float32[] = [10000.0]
    tensor third float32[] = [0.3]; tensor two float32[] = [2.0]; tensor last int64[1] = [-1]
    tensor flat int64[2] = [2, -1]
    m = MatMul(x, w) @ mel
    ${text}`,
    { w: float32([16, 16], Array.from({ length: 256 }, (_, i) => i % 3)) },
  );

const sensitive = ({ graph }: Model) =>
  [...sensitiveLayers(graphFacts(graph)).keys()].map(({ name }) => name);

Deno.test("a layer is sensitive whose small values a Log, root, reciprocal or divisor is made from", () => {
  const texts = [
    "y = Log(m)",
    "a = Add(m, tiny); y = Log(a)",
    "a = Add(tiny, m); b = Reshape(a, flat); c = Transpose(b); y = Log(c)",
    "a = Relu(m); b = Clip(a, tiny); y = Log(b)",
    "a = Max(m, tiny); y = Log(a)",
    "a = Mul(m, many); b = Add(a, one); y = Log(b)",
    "a = Mul(m, m); y = Log(a)",
    "y = Reciprocal(m)",
    "a = Add(m, tiny); y = Div(x, a)",
    "y = Sqrt(m)",
    "y = Pow(m, third)",
  ];
  for (const text of texts) assert.deepEqual(sensitive(behind(text)), ["mel"], text);
});

Deno.test("a layer is not sensitive where small values stay small, or something large is added", () => {
  const texts = [
    "a = Add(m, one); y = Log(a)",
    "a = Mul(m, m); b = Mul(x, x); c = Add(a, b); y = Sqrt(c)", // the size of a complex number
    "a = Pow(m, two); y = Sqrt(a)",
    "y = Pow(m, two)",
    "y = Div(m, two)",
    "a = Softmax(m); y = Log(a)",
    // A LayerNormalization, and a vector made one long.
    "u = ReduceMean(m) {axes=[-1]}; d = Sub(m, u); q = Mul(d, d); s = ReduceMean(q) {axes=[-1]}; " +
    "e = Add(s, tiny); r = Sqrt(e); y = Div(d, r)",
    "q = Mul(m, m); s = ReduceSum(q, last); r = Sqrt(s); y = Div(m, r)",
  ];
  for (const text of texts) assert.deepEqual(sensitive(behind(text)), [], text);
});

Deno.test("layers that a spectrogram's powers come from are sensitive with its filters", () => {
  const model = modelOf(
    `input x float32[1, 1, 64]; output y float32[1, 8, ?]
    tensor tiny float32[] = [0.00001]
    h = Conv(x, w0) {pads=[1, 1]} @ before; g = Relu(h) @ relu
    re = Conv(g, w1) @ cosine; im = Conv(g, w1) @ sine
    a = Mul(re, re); b = Mul(im, im); p = Add(a, b); s = Sqrt(p)
    t = Transpose(s) {perm=[0, 2, 1]}; f = MatMul(t, w2) @ mel
    e = Add(f, tiny); y = Log(e)`,
    { w0: [1, 1, 3], w1: [6, 1, 8], w2: [6, 8] },
  );
  assert.deepEqual(sensitive(model).sort(), ["cosine", "mel", "sine"]);
});

Deno.test("layers are sensitive with filters that stand on the left, and with products of two values", () => {
  const spectrogram = (powers: string) =>
    modelOf(
      `input x float32[1, 1, 64]; output y float32[1, ?, ?]
      tensor tiny float32[] = [0.00001]
      re = Conv(x, w1) @ cosine; im = Conv(x, w1) @ sine
      a = Mul(re, re); b = Mul(im, im); p = Add(a, b)
      ${powers}; e = Clip(f, tiny); y = Log(e)`,
      { w1: [6, 1, 8], w2: float32([8, 6], Array.from({ length: 48 }, (_, i) => i % 3)) },
    );
  const left = spectrogram("f = MatMul(w2, p) @ mel");
  assert.deepEqual(sensitive(left).sort(), ["cosine", "mel", "sine"]);
  const { smallWeights } = [...sensitiveLayers(graphFacts(left.graph))]
    .find(([{ name }]) => name === "mel")![1];
  assert.ok(smallWeights);
  const both = spectrogram(
    "s = Conv(x, w1) @ mask; t = Transpose(s) {perm=[0, 2, 1]}; f = MatMul(t, p) @ mel",
  );
  assert.deepEqual(sensitive(both).sort(), ["cosine", "mask", "mel", "sine"]);
});

/** A layer @scores over [1, 4, 8, 8], and what stands behind it. */
const choosing = (text: string, outputs = "output y float32[...]"): Model =>
  modelOf(
    `input x float32[1, 4, 8, 8]; input table float32[64, 3]; ${outputs}
    tensor k int64[1] = [5]; tensor row int64[2] = [4, 64]; tensor three int64[3] = [1, 4, 64]
    tensor last int64[1] = [-1]; tensor most int64[] = [9]
    s = Conv(x, w) {pads=[1, 1, 1, 1]} @ scores; b = Conv(x, w) {pads=[1, 1, 1, 1]} @ boxes
    ${text}`,
    { w: [4, 4, 3, 3] },
  );

Deno.test("a layer is sensitive by which the network chooses what it reads further on", () => {
  const texts = [
    "r = Relu(s); p, i = MaxPool(r) {kernel_shape=[2, 2], strides=[2, 2]}; " +
    "y = MaxUnpool(p, i) {kernel_shape=[2, 2], strides=[2, 2]}",
    "f = Reshape(s, row); g = Sigmoid(f); v, i = TopK(g, k); y = GatherElements(f, i)",
    "f = Reshape(s, row); i = ArgMax(f) {axis=1, keepdims=0}; y = Gather(table, i)",
    "f = Reshape(s, three); g = Reshape(b, three); h = Transpose(g) {perm=[0, 2, 1]}; " +
    "n = NonMaxSuppression(h, f, most); c = Cast(n) {to=7}; i = Gather(c, last) {axis=1}; " +
    "y = Gather(table, i)",
  ];
  for (const text of texts) assert.deepEqual(sensitive(choosing(text)), ["scores"], text);
});

Deno.test("a layer is not sensitive by which nothing is chosen but what the network gives", () => {
  const outputs = "output i int64[...]; output y float32[...]";
  const texts = [
    "f = Reshape(s, row); y, i = TopK(f, k)",
    "f = Reshape(s, row); a = ArgMax(f) {axis=1}; i = Cast(a) {to=7}; y = Relu(f)",
    "y = MaxPool(s) {kernel_shape=[2, 2]}; i = Shape(y)",
  ];
  for (const text of texts) assert.deepEqual(sensitive(choosing(text, outputs)), [], text);
});

/** What becomes of the layer, and why. */
function formOf({ graph }: Model, asked: QConfig, rules: readonly Rule[] = []): [string, string] {
  const mapping = qconfigMapping({ default: asked, rules, onUnsupported: "float32" });
  const { applied, obstacle = "" } = decide(graph, mapping).all
    .find(({ identity: { name } }) => name === "mel" || name === "scores")!;
  return [applied.kind, obstacle];
}

Deno.test("a sensitive layer is int8 only where a rule names it", () => {
  const mel = behind("a = Add(m, tiny); y = Log(a) @ log");
  const otherwise = weightOnly();
  const why = 'Log "log" behind it makes much of small values, which int8 rounds away; ' +
    "a rule with its name overrules that";
  assert.deepEqual(formOf(mel, staticInt8()), ["float32", why]);
  assert.deepEqual(formOf(mel, dynamicInt8()), ["float32", why]);
  assert.deepEqual(formOf(mel, staticInt8(), [[{ op: "MatMul" }, dynamicInt8()]])[0], "float32");
  assert.deepEqual(formOf(mel, staticInt8(), [["mel", staticInt8()]]), ["static", ""]);
  assert.deepEqual(formOf(mel, staticInt8(), [["m*", dynamicInt8()]]), ["dynamic", ""]);
  // None of its weights is negative: small ones keep each sum in proportion.
  assert.deepEqual(formOf(mel, staticInt8({ otherwise })), ["weightOnly", why]);
  assert.deepEqual(formOf(mel, weightOnly()), ["weightOnly", ""]);
});

Deno.test("a layer that indices are chosen by keeps exact weights, too", () => {
  const pooled = choosing(
    "p, i = MaxPool(s) {kernel_shape=[2, 2], strides=[2, 2]} @ pool; " +
      "y = MaxUnpool(p, i) {kernel_shape=[2, 2], strides=[2, 2]}",
  );
  const why = 'MaxPool "pool" behind it chooses by small differences, which int8 rounds away; ' +
    "a rule with its name overrules that";
  const asked = [staticInt8({ otherwise: weightOnly() }), weightOnly()];
  for (const qconfig of asked) assert.deepEqual(formOf(pooled, qconfig), ["float32", why]);
});

Deno.test("a layer is sensitive by which the body of an If chooses, or its outer graph what the body reads", () => {
  const branches = (then: string) =>
    `y = If(c) {then_branch=graph t {output u float32[...]; ${then}}, ` +
    "else_branch=graph e {output v float32[...]; v = Relu(s)}}";
  const pool = "p, i = MaxPool(r) {kernel_shape=[2, 2], strides=[2, 2]}";
  const unpool = "u = MaxUnpool(p, i) {kernel_shape=[2, 2], strides=[2, 2]}";
  const of = (text: string) => sensitive(choosing(text, "input c bool[]; output y float32[...]"));
  assert.deepEqual(of(`r = Relu(s); ${branches(`${pool}; ${unpool}`)}`), ["scores"]);
  assert.deepEqual(of(`r = Relu(s); ${pool}; ${branches(unpool)}`), ["scores"]);
  const inside = `q = Conv(s, w) {pads=[1, 1, 1, 1]} @ inner; r = Relu(q); ${pool}`;
  assert.deepEqual(of(branches(`${inside}; ${unpool}`)), ["inner"]);
  assert.deepEqual(of(branches(`${inside}; u = Relu(p)`)), []);
});

Deno.test("the reason says which layers before a choice can still change it", () => {
  const { graph } = choosing(
    "r = Relu(s); q = Conv(r, w) {pads=[1, 1, 1, 1]} @ head; f = Reshape(q, row); " +
      "v, i = TopK(f, k); y = GatherElements(f, i)",
  );
  const found = [...sensitiveLayers(graphFacts(graph))];
  assert.deepEqual(found.map(([{ name }]) => name), ["head"]);
  assert.match(
    found[0]![1].reason,
    /; int8 in layers before it can still change the choice \(rules for the nearest: \["scores", "float32"\]\)$/,
  );
});
