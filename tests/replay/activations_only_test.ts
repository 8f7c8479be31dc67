import assert from "node:assert/strict";
import { convert } from "../../lib/quantize/convert.ts";
import { onlyMapping } from "../../lib/quantize/only_mapping.ts";
import { staticInt8 } from "../../lib/quantize/qconfig.ts";
import { activationsOnly } from "../../lib/replay/activations_only.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import { branchedModel, pictures, rangesOf } from "./network.ts";

Deno.test("activationsOnly() rounds the activations of a layer, and none of its weights", async () => {
  const model = branchedModel();
  const calibration = await rangesOf(model, pictures(4));
  const int8 = convert(model, onlyMapping(["conv1", "relu1"], () => staticInt8()), calibration);
  const { graph } = activationsOnly(int8, model);
  const conv = graph.node.find(({ name }) => name === "conv1")!;
  assert.deepEqual(conv.input.slice(1), ["w1", "b1"], "as in float32");
  const weights = ({ graph: { initializer } }: typeof model) =>
    initializer.find(({ name }) => name === "w1");
  assert.equal(weights(model.withGraph(graph)), weights(model));
  const ops = graph.node.map(({ opType }) => opType);
  assert.equal(ops.filter((op) => op === "QuantizeLinear").length, 2, "in front and behind");
  assert.ok(!graph.initializer.some(({ dataType, dims }) => dataType === 3 && dims.length === 4));
  await using runtime = openRuntime({ workers: 1 });
  const executed = (await runtime.optimized(model.withGraph(graph)))!.graph.node;
  assert.ok(!executed.some(({ opType }) => opType === "QLinearConv"), "its kernel is float32's");
});

Deno.test("activationsOnly() leaves a network alone that has no int8 layer", () => {
  const model = branchedModel();
  assert.deepEqual(activationsOnly(model, model).graph.node, model.graph.node);
});
