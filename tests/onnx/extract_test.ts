import assert from "node:assert/strict";
import { Extractor } from "../../lib/onnx/extract.ts";
import { renameGraph } from "../../lib/onnx/rename.ts";
import { signatureOf } from "../../lib/cost/signature.ts";
import { parseGraph, printGraph } from "../../lib/onnx/text.ts";
import { openSession } from "../../lib/runtime/open_runtime.ts";
import { float32, type Tensor } from "../../lib/tensor/tensor.ts";
import { modelOf } from "../quantize/fixture.ts";

const net = modelOf(
  `input x float32[n, 4]
   output y float32[n, 3]
   tensor half float32[] = [0.5]
   w2 = Mul(w, half)
   a = Gemm(x, w2) @ fc1
   r = Relu(a) @ relu
   b = Gemm(r, v) @ fc2
   y = Add(b, b) @ twice`,
  { w: [4, 5], v: [5, 3] },
);
const values = new Map<string, Tensor>(
  Object.entries({ x: [2, 4], a: [2, 5], r: [2, 5], b: [2, 3], y: [2, 3] })
    .map(([name, dims]) => [name, float32(dims, new Float32Array(dims[0]! * dims[1]!).fill(1))]),
);
const [scale, fc1, relu, fc2, twice] = net.graph.node;

Deno.test("a part takes its weights along, and what makes them when the model loads", async () => {
  const extractor = new Extractor(net, values);
  assert.ok(extractor.isConstant(scale!));
  assert.ok(!extractor.isConstant(fc1!));
  const { model, feeds } = extractor.take([fc1!, relu!]);
  assert.deepEqual(model.graph.node.map(({ opType }) => opType), ["Mul", "Gemm", "Relu"]);
  assert.deepEqual(model.graph.initializer.map(({ name }) => name).toSorted(), ["half", "w"]);
  assert.deepEqual(Object.keys(feeds), ["x"]);
  assert.deepEqual(model.graph.output.map(({ name }) => name), ["r"]);
  const session = await openSession(model);
  const { r } = await session.run(feeds);
  await session.release();
  assert.deepEqual(r!.dims, [2, 5]);
});

Deno.test("a part gives what others read, and graph outputs", () => {
  const extractor = new Extractor(net, values);
  assert.deepEqual(extractor.outputsOf([fc1!]), ["a"]);
  assert.deepEqual(extractor.outputsOf([relu!, fc2!]), ["b"]);
  assert.deepEqual(extractor.inputsOf([relu!, fc2!]), ["a"]);
  assert.deepEqual(extractor.outputsOf([fc2!, twice!]), ["y"]);
});

Deno.test("a part of which something is not known is refused", () => {
  assert.throws(() => new Extractor(net, new Map()).take([fc1!]), /no value of "x"/);
});

Deno.test("renameGraph() renames everywhere but what is left out", () => {
  const graph = parseGraph(`
    input go bool[]
    input x float32[2]
    output y float32[2]
    tensor one float32[] = [1.0]
    y = If(go) {then_branch=graph then {
      output p float32[2]
      p = Clip(x, "", one)
    }, else_branch=graph else {
      output q float32[2]
      q = Neg(x)
    }}`);
  const renamed = renameGraph(graph, (name) => `a:${name}`);
  const back = renameGraph(renamed, (name) => name.slice(2));
  assert.equal(printGraph(back), printGraph(graph));
  const [one] = renamed.node[0]!.attribute;
  assert.deepEqual(one!.g!.node[0]!.input, ["a:x", "", "a:one"]);
});

Deno.test("signatureOf() knows no names and no weights, but shapes, attributes and bounds", () => {
  const conv = (text: string, weights: Record<string, number[]>) =>
    signatureOf(
      modelOf(`input x float32[1, 4, 8, 8]; output y float32[1, 4, 8, 8]; ${text}`, weights),
    );
  const plain = conv("y = Conv(x, w) {pads=[1, 1, 1, 1]} @ one", { w: [4, 4, 3, 3] });
  assert.equal(plain, conv("y = Conv(x, v) {pads=[1, 1, 1, 1]} @ two", { v: [4, 4, 3, 3] }));
  assert.notEqual(plain, conv("y = Conv(x, w) {pads=[2, 2, 2, 2]}", { w: [4, 4, 3, 3] }));
  assert.notEqual(plain, conv("y = Conv(x, w) {pads=[1, 1, 1, 1]}", { w: [8, 4, 3, 3] }));
  const pads = (ints: string) => conv(`tensor p int64[8] = [${ints}]; y = Pad(x, p)`, {});
  assert.notEqual(pads("0, 0, 1, 1, 0, 0, 1, 1"), pads("0, 0, 1, 1, 0, 0, 2, 2"));
});
