import assert from "node:assert/strict";
import type { Model } from "../../lib/onnx/model.ts";
import { onlyMapping } from "../../lib/quantize/only_mapping.ts";
import { staticInt8 } from "../../lib/quantize/qconfig.ts";
import { activationsOnly } from "../../lib/replay/activations_only.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import { modelOf, quantized, runAll, samplesOf, stored } from "../quantize/fixture.ts";

/** Two Conv of one and the same weights, one behind the other. */
const shared = () =>
  modelOf(
    `graph shared
    input x float32[1, 4, 6, 6]
    output y float32[1, 4, 6, 6]
    a = Conv(x, w, b) {pads=[1, 1, 1, 1]} @ first
    r = Relu(a) @ relu
    y = Conv(r, w) {pads=[1, 1, 1, 1]} @ second`,
    { w: [4, 4, 3, 3], b: [4] },
  );

const samples = samplesOf({ x: [1, 4, 6, 6] }, 4);

/** Some layers int8, and the same with their weights in float32. */
async function variantsOf(model: Model, nodes: readonly string[]) {
  const int8 = await quantized(model, onlyMapping(nodes, () => staticInt8()), samples);
  return { int8, activations: activationsOnly(int8, model) };
}

const inputsOf = ({ graph }: Model, name: string) =>
  graph.node.find((node) => node.name === name)!.input;

Deno.test("activationsOnly() gives a layer its weights and bias back, and leaves its input rounded", async () => {
  const model = shared();
  const { activations } = await variantsOf(model, ["first", "relu"]);
  const [input, weight, bias] = inputsOf(activations, "first");
  assert.deepEqual([weight, bias], ["w", "b"]);
  const barrier = activations.graph.node.find(({ output }) => output[0] === input)!;
  const source = activations.graph.node.find(({ output }) => output[0] === barrier.input[0])!;
  assert.deepEqual([barrier.opType, source.opType], ["Sum", "DequantizeLinear"]);
});

Deno.test("activationsOnly() leaves a layer that shares its weights as it is, and keeps one copy", async () => {
  const model = shared();
  const { activations } = await variantsOf(model, ["first", "relu"]);
  assert.equal(inputsOf(activations, "second")[1], "w");
  assert.deepEqual(stored(activations, "w"), stored(model, "w"));
  assert.equal(activations.graph.initializer.filter(({ name }) => name === "w").length, 1);
});

Deno.test("activationsOnly() gives shared weights back to both layers if both are int8", async () => {
  const model = shared();
  const { activations } = await variantsOf(model, ["first", "relu", "second"]);
  for (const name of ["first", "second"]) assert.equal(inputsOf(activations, name)[1], "w", name);
  assert.ok(
    !activations.graph.initializer.some(({ name }) => /^w_/.test(name)),
    "no int8 weights left",
  );
});

Deno.test("activationsOnly() keeps the runtime from rounding the weights by itself", async () => {
  const model = shared();
  const { activations } = await variantsOf(model, ["first", "relu", "second"]);
  await using runtime = openRuntime({ workers: 1 });
  const executed = (await runtime.optimized(activations))!.graph.node;
  assert.ok(!executed.some(({ opType }) => opType === "QLinearConv"), "its kernels are float32's");
});

Deno.test("activationsOnly() leaves a network alone that has no int8 layer", () => {
  const model = shared();
  assert.deepEqual(activationsOnly(model, model).graph.node, model.graph.node);
});

Deno.test("activationsOnly() runs, nearer to float32 than with the weights rounded too", async () => {
  const model = shared();
  const { int8, activations } = await variantsOf(model, ["first", "relu", "second"]);
  const [exact, all, some] = await Promise.all(
    [model, int8, activations].map((network) => runAll(network, samples)),
  );
  const distance = (results: typeof exact) =>
    results!.reduce((sum, { y }, i) => {
      const expected = exact![i]!.y!.data as Float32Array;
      return sum + (y!.data as Float32Array).reduce((s, v, k) => s + (v - expected[k]!) ** 2, 0);
    }, 0);
  assert.ok(distance(some) > 0, "its activations are rounded");
  assert.ok(distance(some) < distance(all));
});
