import assert from "node:assert/strict";
import { create } from "@bufbuild/protobuf";
import { OperatorSetIdProtoSchema } from "../../lib/onnx/onnx_pb.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import type { Feeds, Tensor } from "../../lib/tensor/tensor.ts";
import { error, modelOf, random, run } from "./fixtures.ts";

/** A model with onnxruntime's own operators. */
function fusedModel(text: string, weights: Record<string, Tensor>, opset?: number): Model {
  const model = modelOf(text, weights, opset);
  const own = create(OperatorSetIdProtoSchema, { domain: "com.microsoft", version: 1n });
  return model.withProto({ ...model.proto, opsetImport: [...model.proto.opsetImport, own] });
}

/** The operators that take the place of a fused one, which have to give the same. */
async function split(model: Model, feeds: Feeds): Promise<string> {
  const fused = fuse(model);
  assert.ok(error(await run(fused, feeds), await run(model, feeds)) < 1e-6);
  return fused.graph.node.map(({ opType, domain }) => `${domain}${opType}`).join(" ");
}

Deno.test("fuse() makes a MatMul of onnxruntime's FusedMatMul by a constant", async () => {
  const model = (attributes: string, x = "[2, 3, 4]") =>
    fusedModel(
      `input x float32${x}
       output y float32[2, 3, 5]
       y = com.microsoft::FusedMatMul(x, w) {${attributes}}`,
      { w: random([5, 4], 1) },
    );
  const feeds = { x: random([2, 3, 4], 2) };
  assert.equal(await split(model("alpha=0.125, transB=1"), feeds), "MatMul");
  const turned = model("alpha=2.0, transA=1, transB=1", "[2, 4, 3]");
  assert.equal(await split(turned, { x: random([2, 4, 3], 2) }), "Transpose MatMul");
});

Deno.test("fuse() leaves a FusedMatMul of two values", () => {
  const model = fusedModel(
    `input a float32[2, 3]
     input b float32[2, 3]
     output y float32[2, 2]
     y = com.microsoft::FusedMatMul(a, b) {alpha=0.5, transB=1}`,
    {},
  );
  assert.equal(fuse(model).proto, model.proto);
});

Deno.test("fuse() takes sum and activation out of onnxruntime's FusedConv", async () => {
  const model = (attributes: string, sum = "") =>
    fusedModel(
      `input x float32[1, 2, 5, 5]
       input z float32[1, 3, 5, 5]
       output y float32[1, 3, 5, 5]
       output n float32[1, 3, 5, 5]
       y = com.microsoft::FusedConv(x, w, b${sum}) {pads=[1, 1, 1, 1], ${attributes}}
       n = Neg(z)`,
      { w: random([3, 2, 3, 3], 1), b: random([3], 2) },
    );
  const feeds = { x: random([1, 2, 5, 5], 3), z: random([1, 3, 5, 5], 4) };
  assert.equal(await split(model('activation="Relu"'), feeds), "Conv Relu Neg");
  assert.equal(await split(model('activation="Relu"', ", z"), feeds), "Conv Add Relu Neg");
  const leaky = model('activation="LeakyRelu", activation_params=[0.3]');
  assert.equal(await split(leaky, feeds), "Conv LeakyRelu Neg");
  const clip = model('activation="Clip", activation_params=[-0.5, 0.75]');
  assert.equal(await split(clip, feeds), "Conv Clip Neg");
  const sigmoid = model('activation="HardSigmoid", activation_params=[0.3, 0.4]');
  assert.equal(await split(sigmoid, feeds), "Conv HardSigmoid Neg");
});

Deno.test("fuse() states the bounds of a FusedConv as its opset has them", async () => {
  const model = (opset: number) =>
    fusedModel(
      `input x float32[1, 2, 5, 5]
       output y float32[1, 3, 5, 5]
       y = com.microsoft::FusedConv(x, w) {pads=[1, 1, 1, 1], activation="Clip", activation_params=[-0.5, 0.75]}`,
      { w: random([3, 2, 3, 3], 1) },
      opset,
    );
  for (const [opset, inputs] of [[10, 1], [11, 3]] as const) {
    assert.equal(await split(model(opset), { x: random([1, 2, 5, 5], 3) }), "Conv Clip");
    assert.equal(fuse(model(opset)).graph.node[1]!.input.length, inputs);
  }
});

Deno.test("fuse() takes the activation out of onnxruntime's FusedGemm", async () => {
  const model = fusedModel(
    `input x float32[2, 4]
     output y float32[2, 3]
     y = com.microsoft::FusedGemm(x, w, b) {transB=1, alpha=0.5, activation="LeakyRelu", activation_alpha=0.2}`,
    { w: random([3, 4], 1), b: random([3], 2) },
  );
  assert.equal(await split(model, { x: random([2, 4], 3) }), "Gemm LeakyRelu");
});
