import assert from "node:assert/strict";
import { arrays } from "../../lib/data/arrays.ts";
import type { Dataset } from "../../lib/data/dataset.ts";
import { stateful } from "../../lib/data/stateful.ts";
import { parseModel } from "../../lib/onnx/parse_model.ts";
import { specialize } from "../../lib/passes/specialize.ts";
import { float32 } from "../../lib/tensor/tensor.ts";

/** A network that takes another branch at 16 kHz. */
const model = parseModel(`
  input x float32[1]
  input sr int64[]
  output y float32[1]
  tensor high int64[] = [16000]
  c = Equal(sr, high)
  y = If(c) {
    then_branch=graph a { output r float32[1]; r = Relu(x) },
    else_branch=graph b { output r float32[1]; r = Sigmoid(x) }
  } @ rate`);

/** Samples of these rates, one each. */
function rates(...values: number[]): Dataset {
  return arrays({
    x: float32([values.length, 1], values),
    sr: { type: "int64", dims: [values.length], data: BigInt64Array.from(values, BigInt) },
  });
}

Deno.test("specialize() takes the branch that all samples take, and says by which input", async () => {
  const high = await specialize(model, rates(16000, 16000, 16000));
  assert.deepEqual(high.graph.node.map(({ opType }) => opType), ["Relu"]);
  assert.deepEqual(high.amendments, [
    'took the then branch of If "rate", as sr = 16000 in all 3 samples',
    '"sr" stays an input, which nothing reads any more',
  ]);
  assert.deepEqual(high.graph.input.map(({ name }) => name), ["x", "sr"]);
  const low = await specialize(model, [rates(8000), rates(8000)]);
  assert.deepEqual(low.graph.node.map(({ opType }) => opType), ["Sigmoid"]);
});

Deno.test("specialize() leaves a network alone whose samples take both, or that has one sample", async () => {
  assert.equal(await specialize(model, rates(16000, 8000)), model);
  assert.equal(await specialize(model, [rates(16000), rates(8000)]), model);
  assert.equal(await specialize(model, rates(16000)), model);
  const plain = parseModel("input x float32[1]; output y float32[1]; dead = Neg(x); y = Relu(x)");
  assert.equal(await specialize(plain, rates(16000, 16000)), plain);
});

Deno.test("specialize() does not take for fixed what a stream feeds back", async () => {
  const recurrent = parseModel(`
    input x float32[1]; input s bool[1]; output y float32[1]; output t bool[1]
    t = Not(s)
    y = If(s) {
      then_branch=graph a { output r float32[1]; r = Relu(x) },
      else_branch=graph b { output r float32[1]; r = Sigmoid(x) }
    }`);
  const inputs = [
    { name: "x", type: "float32", dims: [1] },
    { name: "s", type: "bool", dims: [1] },
  ] as const;
  const steps = arrays({ x: float32([4, 1], [1, 2, 3, 4]) });
  const data = stateful(steps, { state: { t: "s" }, lengths: 2, inputs });
  assert.equal(await specialize(recurrent, data), recurrent);
});

Deno.test("specialize() keeps an input that something else reads, and prints long values short", async () => {
  const both = parseModel(`
    input x float32[1]; input k float32[1, 6]; output y float32[1]; output z float32[1, 6]
    tensor zero int64[] = [0]
    first = Gather(k, zero) {axis=1}
    c = Cast(first) {to=9}
    z = Neg(k)
    y = If(c) {
      then_branch=graph a { output r float32[1]; r = Relu(x) },
      else_branch=graph b { output r float32[1]; r = Sigmoid(x) }
    } @ n`);
  const data = arrays({
    x: float32([2, 1], [1, 2]),
    k: float32([2, 6], [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6]),
  });
  const { amendments } = await specialize(both, data);
  assert.deepEqual(amendments, [
    'took the then branch of If "n", as k = [1, 2, 3, 4, …] in all 2 samples',
  ]);
});

Deno.test("specialize() goes by the shape alone of what is data, such as a state that begins with zeros", async () => {
  const network = (condition: string) =>
    parseModel(`
    input x float32[1]; input s float32[N, 20]; output y float32[1]
    tensor zero int64[] = [0]
    tensor none float32[] = [0.0]
    ${condition}
    y = If(c) {
      then_branch=graph a { output r float32[1]; r = Relu(x) },
      else_branch=graph b { output r float32[1]; r = Sigmoid(x) }
    } @ n`);
  const data = arrays({ x: float32([2, 1], [1, 2]), s: float32([2, 20], Array(40).fill(0)) });
  const bySize = await specialize(network("n = Size(s); c = Greater(n, zero)"), data);
  assert.deepEqual(bySize.amendments, [
    'took the then branch of If "n", as s is of shape [1, 20] in all 2 samples',
    '"s" stays an input, which nothing reads any more',
  ]);
  const byValue = network("m = ReduceMax(s) {keepdims=0}; c = Greater(m, none)");
  assert.equal(await specialize(byValue, data), byValue);
});
