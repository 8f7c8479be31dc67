import assert from "node:assert/strict";
import { decodeModel } from "../../lib/onnx/model.ts";
import { parseModel } from "../../lib/onnx/parse_model.ts";
import { printGraph } from "../../lib/onnx/text.ts";

Deno.test("parseModel() makes a model that can be written, read and printed again", () => {
  const text = "input x float32[N]\noutput y float32[N]\ny = Relu(x)";
  const model = parseModel(text, { opset: 15, name: "relu.onnx" });
  const read = decodeModel(model.bytes(), model.name);
  assert.equal(read.opset, 15);
  assert.equal(read.name, "relu.onnx");
  assert.equal(printGraph(read.graph).trim(), text);
});
