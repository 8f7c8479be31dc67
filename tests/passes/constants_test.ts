import assert from "node:assert/strict";
import { create } from "@bufbuild/protobuf";
import { allNodes } from "../../lib/onnx/graph.ts";
import { type GraphProto, TensorProtoSchema } from "../../lib/onnx/onnx_pb.ts";
import { parseGraph, printGraph } from "../../lib/onnx/text.ts";
import { readTensorProto } from "../../lib/onnx/tensor_proto.ts";
import { foldConstants } from "../../lib/passes/fold_constants.ts";
import { FoldingBudget } from "../../lib/passes/folding_budget.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { hoistConstants } from "../../lib/passes/hoist_constants.ts";
import { liftConstants } from "../../lib/passes/lift_constants.ts";
import { mergeConstants } from "../../lib/passes/merge_constants.ts";
import { everywhere, rootContext } from "../../lib/passes/pass.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { modelOf, random } from "./fixtures.ts";

function parse(text: string): GraphProto {
  return parseGraph(`input x float32[N]\noutput y float32[N]\n${text}`);
}

/** The initializers of a graph as lines. */
function tensors(graph: GraphProto): string[] {
  const text = printGraph({ ...graph, node: [], input: [], output: [] });
  return text.trim().split("\n").filter((line) => line !== "");
}

Deno.test("liftConstants() makes initializers of Constant nodes of all kinds", () => {
  const graph = parse(`
    a = Constant() {value=<float32[2] = [1.0, 2.0]>}
    b = Constant() {value_float=0.5}
    c = Constant() {value_ints=[3, 4]}
    y = Op(x, a, b, c)`);
  const lifted = liftConstants(graph);
  assert.deepEqual(tensors(lifted), [
    "tensor a float32[2] = [1.0, 2.0]",
    "tensor b float32[] = [0.5]",
    "tensor c int64[2] = [3, 4]",
  ]);
  assert.equal(lifted.node.length, 1);
});

Deno.test("liftConstants() keeps a Constant node that makes an output", () => {
  const graph = parse("y = Constant() {value=<float32[1] = [1.0]>}");
  assert.equal(liftConstants(graph), graph);
});

Deno.test("foldConstants() computes chains under the names that their nodes gave", () => {
  const graph = parse(`
    tensor w float32[3] = [1.0, 2.0, 3.0]
    tensor zero int64[1] = [0]; tensor one int64[1] = [1]; tensor end int64[1] = [9]
    a = Slice(w, one, end); b = Slice(w, zero, one)
    c = Concat(a, b) {axis=0}
    y = Add(x, c)`);
  const folded = foldConstants(graph);
  assert.deepEqual(folded.node.map(({ opType }) => opType), ["Add"]);
  assert.ok(tensors(folded).includes("tensor c float32[3] = [2.0, 3.0, 1.0]"));
});

Deno.test("foldConstants() leaves what would make the file larger", () => {
  const graph = parse(`
    tensor shape int64[2] = [100, 100]
    tensor q int8[4] = [1, 2, 3, 4]
    w = ConstantOfShape(shape)
    v = Cast(q) {to=1}
    y = Op(x, w, v)`);
  // 40 kB of zeros stay a node, 16 bytes do not
  assert.deepEqual(foldConstants(graph).node.map(({ opType }) => opType), [
    "ConstantOfShape",
    "Op",
  ]);
  const tight = { ...rootContext(graph), maxGrowth: 0 };
  assert.equal(foldConstants(graph, tight), graph);
});

Deno.test("foldConstants() computes normalised weights of any size, and keeps one copy", () => {
  const [v, g] = [random([64, 64, 3], 1), random([64, 1, 1], 2)];
  const model = modelOf(
    `input x float32[1, 64, L]
     output y float32[1, 64, M]
     tensor two float32[] = [2.0]; tensor axes int64[2] = [1, 2]; tensor dims int64[3] = [64, 64, 3]
     square = Pow(v, two); sum = ReduceSum(square, axes); norm = Sqrt(sum)
     wide = Expand(norm, dims); unit = Div(v, wide); w = Mul(unit, g)
     y = Conv(x, w)`,
    { v, g },
  );
  const { graph } = fuse(model);
  assert.deepEqual(graph.node.map(({ opType }) => opType), ["Conv"]);
  assert.deepEqual(graph.initializer.map(({ name }) => name), ["w"]);
  const [w] = graph.initializer.map((tensor) => readTensorProto(tensor).data as Float32Array);
  const row = v.data.subarray(0, 192);
  const norm = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));
  assert.ok(Math.abs(w![5]! - g.data[0]! * v.data[5]! / norm) < 1e-6);
});

Deno.test("foldConstants() adds the product of two factors to a weight, though it is larger than they are", () => {
  const factors = { down: random([2, 128], 3), up: random([128, 2], 4) };
  const text = (last: string) =>
    `input x float32[N, 128]
     output y float32[N, 128]
     delta = MatMul(up, down)
     ${last}`;
  const merged = modelOf(text("sum = Add(w, delta); y = MatMul(x, sum)"), {
    ...factors,
    w: random([128, 128], 5),
  });
  const { graph } = fuse(merged);
  assert.deepEqual(graph.node.map(({ opType }) => opType), ["MatMul"]);
  assert.deepEqual(graph.initializer.map(({ name }) => name), ["sum"]);
  // by itself it stays: two factors of 1 kB each are what keeps the file small
  const alone = fuse(modelOf(text("y = MatMul(x, delta)"), factors)).graph;
  assert.deepEqual(alone.node.map(({ opType }) => opType), ["MatMul", "MatMul"]);
});

Deno.test("foldConstants() keeps the outputs of a Split apart where the first is left out", () => {
  const factor = float32([2, 1], [1, -2]);
  const row = float32([1, 4000], Array.from({ length: 4000 }, (_, i) => i));
  const { graph } = modelOf(
    `output y float32[1, 4000]
     p = MatMul(factor, row); "", second = Split(p) {axis=0}
     sum = Add(w, second); y = Neg(sum)`,
    { factor, row, w: float32([1, 4000], Array(4000).fill(0.5)), other: random([10000], 1) },
    13,
  );
  const tight = { ...rootContext(graph), maxGrowth: -8000 };
  const sum = foldConstants(graph, tight).initializer.find(({ name }) => name === "sum");
  assert.deepEqual([...readTensorProto(sum!).data].slice(0, 3), [0.5, -1.5, -3.5]);
});

Deno.test("foldConstants() keeps nothing of what only computed nodes read", () => {
  const graph = parse(`
    tensor w float32[2] = [1.0, -2.0]
    a = Neg(w); b = Abs(a); c = Neg(b); d = Sqrt(b)
    y = Op(x, c, d)`);
  const folded = foldConstants(graph);
  assert.deepEqual(folded.initializer.map(({ name }) => name), ["w", "c", "d"]);
});

Deno.test("foldConstants() keeps no more than its budget, of all rounds, and says so", () => {
  const graph = parse(`
    tensor w float32[100] = hex"${"00".repeat(400)}"
    a = Neg(w); b = Abs(w); c = Sqrt(w)
    y = Op(x, a, b, c)`);
  const context = { ...rootContext(graph), folding: new FoldingBudget(900) };
  const folded = foldConstants(graph, context); // two of 400 bytes
  assert.deepEqual(folded.node.map(({ output }) => output[0]), ["c", "y"]);
  assert.deepEqual([context.folding.left, context.folding.exhausted], [100, true]);
  assert.equal(foldConstants(folded, context), folded);
});

Deno.test("foldConstants() computes a chain of any length in the bytes of two of its values", () => {
  const chain = Array.from({ length: 50 }, (_, i) => `a${i + 1} = Neg(a${i})`).join("; ");
  const graph = parse(
    `tensor a0 float32[100] = hex"${"00".repeat(400)}"; ${chain}; y = Op(x, a50)`,
  );
  const context = { ...rootContext(graph), folding: new FoldingBudget(800) };
  assert.deepEqual(foldConstants(graph, context).node.length, 1);
  assert.equal(context.folding.left, 400);
});

Deno.test("FoldingBudget.of() counts the bytes that are there, not those that a shape states", () => {
  const graph = parse("tensor w float32[2] = [1.0, 2.0]; y = Op(x, w)");
  const [w] = graph.initializer;
  const lying = { ...graph, initializer: [{ ...w!, dims: [2n ** 40n] }] };
  assert.equal(FoldingBudget.of(lying).left, 2 ** 28 + 16 * 8);
});

Deno.test("foldConstants() leaves inputs, outputs and types that have no array", () => {
  const graph = parse(`
    tensor c float32[1] = [1.0]
    tensor t string[1] = ["a"]
    tensor i int4[2] = [1, 2]
    a = Add(x, c)
    b = Identity(t)
    d = Cast(i) {to=1}
    y = Neg(c)`);
  assert.equal(foldConstants(graph), graph);
});

Deno.test("foldConstants() reads constants from the graph around a body", () => {
  const graph = parse(`
    input go bool[]
    tensor c float32[1] = [1.0]
    y = If(go) {then_branch=graph a {
      output t float32[1]
      n = Neg(c)
      t = Add(n, x)
    }, else_branch=graph b {
      output e float32[1]
      e = Neg(c)
    }}`);
  const folded = everywhere(foldConstants)(graph);
  assert.deepEqual([...allNodes(folded)].map(({ opType }) => opType), ["If", "Add", "Neg"]);
});

Deno.test("everywhere() knows that the input of a body hides a constant of its name", () => {
  const graph = parse(`
    input n int64[]; input go bool[]
    tensor c float32[] = [1.0]
    y = Loop(n, go, x) {body=graph body {
      input i int64[]; input on bool[]; input c float32[]
      output more bool[]; output v float32[]
      more = Identity(on)
      d = Neg(c)
      v = Relu(d)
    }}`);
  assert.equal(everywhere(foldConstants)(graph), graph);
});

Deno.test("mergeConstants() keeps one of equal shapes and large weights, and every small weight", () => {
  const weight = random([256], 1);
  const { graph } = modelOf(
    `input x float32[256]; output y float32[256]
     tensor a int64[1] = [1]; tensor b int64[1] = [1]; tensor c int64[] = [1]
     y = Op(x, a, b, c, v, w, p, q)`,
    {
      v: weight,
      w: float32([256], weight.data.slice()),
      p: float32([1], [0]),
      q: float32([1], [0]),
    },
  );
  const merged = mergeConstants(graph);
  assert.deepEqual(merged.node[0]!.input, ["x", "a", "a", "c", "v", "v", "p", "q"]);
  assert.deepEqual(merged.initializer.map(({ name }) => name), ["a", "c", "v", "p", "q"]);
});

Deno.test("mergeConstants() tells tensors apart that differ in one bit, or only in type", () => {
  const zeros = new Float32Array(2000);
  const almost = zeros.slice();
  almost[1777] = -0;
  const { graph } = modelOf(
    "input x float32[1]; output y float32[1]; y = Op(x, a, b, c)",
    { a: float32([2000], zeros), b: float32([2000], almost) },
  );
  const c = create(TensorProtoSchema, { ...graph.initializer[0]!, name: "c", dataType: 6 });
  const typed = { ...graph, initializer: [...graph.initializer, c] };
  assert.equal(mergeConstants(typed), typed);
});

Deno.test("hoistConstants() keeps one of equal weights of two branches, in the main graph", () => {
  const branch = (name: string) =>
    `graph ${name} {
      output t${name} float32[300]
      t${name} = Add(x, w)
    }`;
  const { graph } = modelOf(
    `input x float32[300]; input go bool[]; output y float32[300]
     y = If(go) {then_branch=${branch("a")}, else_branch=${branch("b")}}`,
  );
  const stored = modelOf("", { w: random([300], 1) }).graph.initializer;
  for (const { g } of graph.node[0]!.attribute) g!.initializer.push(...stored);
  const hoisted = hoistConstants(graph);
  assert.equal(hoisted.initializer.length, 1);
  const { name } = hoisted.initializer[0]!;
  for (const { g } of hoisted.node[0]!.attribute) {
    assert.equal(g!.initializer.length, 0);
    assert.deepEqual(g!.node[0]!.input, ["x", name]);
  }
  assert.equal(hoistConstants(hoisted), hoisted);
});
