import assert from "node:assert/strict";
import { defaultMetric, mostClasses } from "../../lib/evaluate/default_metric.ts";
import { outputFacts } from "../../lib/evaluate/output_facts.ts";
import { parseGraph } from "../../lib/onnx/text.ts";
import { float32, type Tensor } from "../../lib/tensor/tensor.ts";
import { score } from "./scored.ts";

/** What is chosen for the outputs of a graph, by what they gave for some samples. */
const chosen = (text: string, labels?: number, results: Record<string, Tensor>[] = []) =>
  defaultMetric(outputFacts(parseGraph(text), results), labels);

const name = (text: string, labels?: number) => chosen(text, labels).metric.name;

/** A network whose output is a product, as most are. */
const product = (output: string, dims: string) =>
  `input x float32[N, 3, 8]; output ${output} float32[${dims}]; ${output} = MatMul(x, x)`;

Deno.test("defaultMetric() with labels is top-1 on an output of one row that can hold them", () => {
  assert.equal(name(product("y", "N, 10"), 10), "top-1");
  assert.equal(name(product("y", "N, classes"), 10), "top-1");
  assert.equal(name(product("y", "1, 1000, 1, 1"), 10), "top-1");
  assert.equal(
    name("input x float32[N, 3]; output y int64[N]; y = ArgMax(x) {keepdims=0}", 3),
    "top-1",
  );
  const two = `input x float32[N, 8]; output y float32[N, 1]; output z float32[N, 3]
    y = MatMul(x, x); z = MatMul(x, x)`;
  const outputs = { y: float32([1, 1], [5]), z: float32([1, 3], [0, 0, 1]) };
  assert.equal(score(chosen(two, 3).metric, outputs, undefined, 2), 1);
});

Deno.test("defaultMetric() with labels of positions is top-1 on an output with a row for each", () => {
  const of = (output: string, dims: string) =>
    defaultMetric(outputFacts(parseGraph(product(output, dims))), 10, true).metric.name;
  assert.equal(of("y", "N, T, 10"), "top-1");
  assert.equal(of("y", "N, 10"), "SQNR");
  assert.equal(of("y", "N, T, 9"), "SQNR");
});

Deno.test("defaultMetric() leaves labels aside where no output can hold them", () => {
  assert.equal(name(product("y", "N, 16, 24"), 10), "SQNR");
  assert.equal(name(product("y", "N, 4"), 10), "SQNR");
  assert.equal(name(product("embedding", "N, 128"), 10), "cosine");
});

Deno.test("defaultMetric() is agreement where something says that there are classes", () => {
  assert.equal(name(product("logits", "N, 10")), "agreement");
  assert.equal(name(product("logits", "batch, length, 200")), "agreement"); // a class per position
  assert.equal(name(product("scores", "N, 10")), "agreement");
  assert.equal(name(product("y", "N, 1000")), "agreement");
  assert.equal(
    name("input x float32[N, 7]; output y float32[N, 7]; s = Softmax(x); y = Cast(s) {to=1}"),
    "agreement",
  );
  assert.equal(
    name("input x float32[N, 7]; output y float32[N, 7]; y = LogSoftmax(x) {axis=1}"),
    "agreement",
  );
  assert.equal(
    name("input x float32[N, 3]; output y int64[N]; y = ArgMax(x) {keepdims=0}"),
    "agreement",
  );
});

Deno.test("defaultMetric() takes what could be classes and need not be for values", () => {
  for (
    const [output, dims] of [
      ["output0", "N, 14, 64"], // a detector over its anchors
      ["y", "1, 8, 64"],
      ["y", "N, 128"],
      ["features", "N, 16"],
      ["y", "N, 16, 24"], // a signal over time
      ["boxes", "n, 4"],
      ["scores", "N, 3"], // three qualities
      ["quality", "N, 5"],
      ["y", "N, 10"],
      ["y", "1, 3, 672, 672"], // a picture
      ["y", "N, 1"],
      ["y", "N, features"],
    ] as const
  ) {
    const { metric, isDoubtful } = chosen(product(output, dims));
    assert.deepEqual([metric.name, isDoubtful], ["SQNR", true], `${output} [${dims}]`);
  }
  const sigmoid = "input x float32[N, 9]; output probs float32[N, 9]; probs = Sigmoid(x)";
  assert.equal(name(sigmoid), "SQNR"); // each by itself
});

Deno.test("defaultMetric() of an embedding is the cosine", () => {
  assert.equal(name(product("embedding", "N, 128")), "cosine");
  const normed = `input x float32[N, 16]; output y float32[N, 16]
    length = ReduceL2(x) {axes=[1], keepdims=1}
    y = Div(x, length)`;
  assert.equal(name(normed), "cosine");
  const hidden = `input x float32[N, 12, 48]; output hidden float32[N, 12, 48]
    tensor scale float32[1] = [2]
    hidden = LayerNormalization(x, scale)`;
  assert.equal(name(hidden), "embedding cosine"); // pooled over its tokens
  const inParts = `input x float32[N, 12, 48]; output y float32[N, 12, 48]
    tensor two float32[] = [2]
    tensor eps float32[] = [0.1]
    mean = ReduceMean(x) {axes=[-1]}
    apart = Sub(x, mean)
    square = Pow(apart, two)
    variance = ReduceMean(square) {axes=[-1]}
    more = Add(variance, eps)
    deviation = Sqrt(more)
    normed = Div(apart, deviation)
    y = Mul(normed, two)`;
  assert.equal(name(inParts), "embedding cosine");
});

Deno.test("defaultMetric() sees in what a network gave whether rows are odds or of length 1", () => {
  const text = product("y", "N, 2");
  const of = (...values: number[]) => [{ y: float32([2, 2], values) }];
  assert.equal(chosen(text, undefined, of(0.25, 0.75, 0.5, 0.5)).metric.name, "agreement");
  assert.equal(chosen(text, undefined, of(0.6, 0.8, -1, 0)).metric.name, "cosine");
  assert.equal(chosen(text, undefined, of(0.6, 0.8, -1, 0.5)).metric.name, "SQNR");
  assert.equal(chosen(text, undefined, [{ y: float32([1, 2], [0.25, 0.75]) }]).metric.name, "SQNR");
});

Deno.test("defaultMetric() looks past the state of a decoder, and at no other second output", () => {
  const decoder = (second: string, input: string) =>
    `input ${input} float32[N, 4, 8]; output logits float32[N, 3, 50]; output ${second} float32[N, 4, 8]
     logits = MatMul(${input}, ${input}); ${second} = Concat(${input}, ${input}) {axis=1}`;
  assert.equal(name(decoder("present.0.key", "past_key_values.0.key")), "agreement");
  assert.equal(name(decoder("h_n", "h0")), "agreement");
  assert.equal(name(decoder("features", "x")), "SQNR");
});

Deno.test("defaultMetric() matches boxes that were chosen, and aligns what has a length of its own", () => {
  const found = `input x float32[N, 4]; output boxes float32[n, 4]
    found = NonZero(x); rows = Transpose(found); boxes = GatherND(x, rows)`;
  assert.equal(name(found), "detection F1");
  assert.equal(name(found.replaceAll("boxes", "wave").replace("[n, 4]", "[n]")), "aligned SQNR");
  const queries = `input x float32[1, 50, 4]; output boxes float32[1, 10, 4]
    tensor k int64[1] = [10]
    values, best = TopK(x, k) {axis=1}
    boxes = GatherElements(x, best) {axis=1}`;
  assert.equal(name(queries), "detection F1");
  assert.match(chosen(queries).metric.why!, /TopK chooses them inside/);
});

Deno.test("defaultMetric() of a map that ends in a Softmax over its classes is IoU", () => {
  assert.equal(
    name("input x float32[N, 5, 8, 8]; output y float32[N, 5, 8, 8]; y = Softmax(x) {axis=1}"),
    "IoU",
  );
});

Deno.test("defaultMetric() finds the classes of [N, classes, positions] along their Softmax", () => {
  const text = "input x float32[N, 3, 8]; output y float32[N, 3, 8]; y = Softmax(x) {axis=1}";
  const { metric } = chosen(text);
  const [one, two] = [[9, 0, 0, 9, 0, 0], [9, 0, 0, 0, 0, 9]].map((values) => ({
    y: float32([1, 3, 2], values),
  }));
  assert.equal(score(metric, one!, two), 0.5); // the second position has another class
});

Deno.test("defaultMetric() says why", () => {
  const why = (text: string, labels?: number) => chosen(text, labels).metric.why;
  assert.equal(
    why(product("y", "N, 10")),
    'Chosen because nothing shows that output "y" [N, 10] holds classes (if it does: --metric agreement).',
  );
  assert.equal(
    why(product("logits", "N, 10"), 10),
    'Chosen because there are labels, and output "logits" [N, 10] can hold their class.',
  );
});

Deno.test("mostClasses() is the number of scores in the longest row that may be of classes", () => {
  const most = (text: string) => mostClasses(outputFacts(parseGraph(text)));
  assert.equal(most(product("y", "N, 10")), 10);
  assert.equal(most(product("y", "N, classes")), undefined);
  assert.equal(most(product("embedding", "N, 128")), undefined);
});
