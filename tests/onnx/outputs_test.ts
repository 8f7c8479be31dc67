import assert from "node:assert/strict";
import { withOutputs } from "../../lib/onnx/outputs.ts";
import { modelOf } from "../runtime/models.ts";

const model = modelOf(
  `input x float32[2]
   output y float32[2]
   a = Neg(x)
   b = Abs(a)
   y = Neg(b)`,
  "chain.onnx",
);

Deno.test("withOutputs() adds outputs behind the model's own, each once", () => {
  const names = (added: string[]) => withOutputs(model, added).graph.output.map(({ name }) => name);
  assert.deepEqual(names(["b", "a", "b"]), ["y", "b", "a"]);
  assert.deepEqual(names(["y", "x"]), ["y"]);
  assert.deepEqual(model.graph.output.length, 1);
});
