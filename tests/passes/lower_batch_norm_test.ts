import assert from "node:assert/strict";
import { parseGraph, printGraph } from "../../lib/onnx/text.ts";
import { lowerBatchNorm } from "../../lib/passes/lower_batch_norm.ts";
import { batchNorm, error, modelOf, random, run } from "./fixtures.ts";

Deno.test("lowerBatchNorm() makes a Mul and an Add on axis 1 of any rank", async () => {
  for (const dims of [[2, 3], [2, 3, 4], [2, 3, 4, 5], [1, 3, 2, 2, 2]]) {
    const type = `float32[${["N", ...dims.slice(1)].join(", ")}]`;
    const model = modelOf(
      `input x ${type}
       output y ${type}
       h = Relu(x)
       y = BatchNormalization(h, bn.weight, bn.bias, bn.mean, bn.var) @ /net/bn/BatchNormalization`,
      batchNorm("bn", 3, 1),
    );
    const lowered = model.withGraph(lowerBatchNorm(model.graph));
    assert.deepEqual(
      lowered.graph.node.map(({ opType, name }) => `${opType} ${name}`.trim()),
      ["Relu", "Mul /net/bn/Mul", "Add /net/bn/Add"],
    );
    const x = random(dims, 2);
    assert.ok(error(await run(lowered, { x }), await run(model, { x })) < 1e-6);
  }
});

const ONE_CHANNEL = `
  input x float32[N, 1]
  output y float32[N, 1]
  tensor zero float32[1] = [0.0]
  tensor one float32[1] = [1.0]
  tensor two float32[1] = [2.0]`;

Deno.test("lowerBatchNorm() leaves out a scale of 1 and a shift of 0", () => {
  const lines = (text: string) => {
    const lowered = lowerBatchNorm(parseGraph(ONE_CHANNEL + text));
    return printGraph(lowered).split("\n").filter((line) => line.includes("("));
  };
  assert.deepEqual(
    lines("\ny = BatchNormalization(x, two, zero, zero, one) {epsilon=0.0}"),
    ["y = Mul(x, two)"],
  );
  assert.deepEqual(
    lines("\ny = BatchNormalization(x, one, two, zero, one) {epsilon=0.0}"),
    ["y = Add(x, two)"],
  );
});

Deno.test("lowerBatchNorm() joins the scale and shift after it, as Caffe writes them", () => {
  const graph = parseGraph(`${ONE_CHANNEL}
    output z float32[N, 1]
    n = BatchNormalization(x, one, zero, zero, one) {epsilon=0.0}
    a = BatchNormalization(n, one, two, zero, one) {epsilon=0.0}
    b = Mul(a, two)
    y = Add(b, two)
    z = Relu(x)`);
  const { node, initializer } = lowerBatchNorm(graph);
  assert.deepEqual(node.map(({ opType }) => opType), ["Mul", "Add", "Relu"]);
  const value = (name: string) =>
    printGraph({ ...graph, node: [], initializer: initializer.filter((t) => t.name === name) });
  assert.match(value(node[0]!.input[1]!), /\[2.0\]/);
  assert.match(value(node[1]!.input[1]!), /\[6.0\]/); // (x + 2) * 2 + 2
});

Deno.test("lowerBatchNorm() leaves what it does not know the rank of", () => {
  const graph = parseGraph(
    ONE_CHANNEL.replaceAll("float32[N, 1]", "float32[...]") +
      "\ny = BatchNormalization(x, one, zero, zero, one)",
  );
  assert.equal(lowerBatchNorm(graph), graph);
});
