import assert from "node:assert/strict";
import { withOutputs } from "../../lib/onnx/outputs.ts";
import { modelOf } from "../runtime/models.ts";

Deno.test("withOutputs() adds what is no output or input yet, and keeps the order", () => {
  const model = modelOf(
    `input x float32[1]; output y float32[1]
     a = Relu(x); b = Neg(a); y = Abs(b)`,
  );
  const { graph } = withOutputs(model, ["b", "y", "x", "a"]);
  assert.deepEqual(graph.output.map(({ name }) => name), ["y", "b", "a"]);
  assert.equal(graph.output[0], model.graph.output[0]);
  assert.equal(graph.output[1]!.type, undefined);
});

Deno.test("withOutputs() adds a name that is given twice once", () => {
  const model = modelOf(`input x float32[1]; output y float32[1]
     a = Relu(x); y = Abs(a)`);
  const { graph } = withOutputs(model, ["a", "a"]);
  assert.deepEqual(graph.output.map(({ name }) => name), ["y", "a"]);
});
