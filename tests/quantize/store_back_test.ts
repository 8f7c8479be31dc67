import assert from "node:assert/strict";
import { readTensorProto } from "../../lib/onnx/tensor_proto.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { raisedFrom } from "../../lib/passes/raise_floats.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { qconfigMapping, type Rule } from "../../lib/quantize/mapping.ts";
import { dynamicInt8, float32 } from "../../lib/quantize/qconfig.ts";
import { storeBack } from "../../lib/quantize/store_back.ts";
import type { Tensor } from "../../lib/tensor/tensor.ts";
import { error, modelOf, random, run } from "../passes/fixtures.ts";

function half(tensor: Tensor<"float32">): Tensor<"float16"> {
  return { type: "float16", dims: tensor.dims, data: Float16Array.from(tensor.data) };
}

const TEXT = `input x float16[N, 32]
  output y float16[N, 16]
  h = MatMul(x, a); r = Relu(h); y = MatMul(r, b) @ head`;

const WEIGHTS = { a: half(random([32, 64], 1)), b: half(random([64, 16], 2)) };

Deno.test("convert() stores what stays float32 of a float16 network in float16 again", async () => {
  const model = modelOf(TEXT, WEIGHTS);
  const fused = fuse(model);
  const rules: Rule[] = [[{ op: "MatMul" }, dynamicInt8()], ["head", float32]];
  const mapping = qconfigMapping({ default: float32, rules });
  const mixed = convert(fused, mapping);
  const sizes = mixed.graph.initializer.map((tensor) => readTensorProto(tensor))
    .filter(({ data }) => data.length >= 128).map(({ type, data }) => `${type} ${data.length}`);
  assert.deepEqual(sizes.sort(), ["float16 1024", "int8 2048"]);
  assert.deepEqual(raisedFrom(mixed.proto), []);
  const feeds = { x: half(random([2, 32], 3)) };
  assert.ok(error(await run(mixed, feeds), await run(model, feeds)) < 0.05);
});

Deno.test("convert() of nothing gives a float16 network back in its size", async () => {
  const model = modelOf(TEXT, WEIGHTS);
  const kept = convert(fuse(model), qconfigMapping({ default: float32 }));
  assert.ok(kept.bytes().length < model.bytes().length + 400);
  const feeds = { x: half(random([2, 32], 3)) };
  assert.ok(error(await run(kept, feeds), await run(model, feeds)) < 1e-2);
});

Deno.test("storeBack() keeps float32 what float16 cannot hold, and all of a network that was float32", () => {
  const raised = fuse(modelOf(
    `input x float32[N, 32]
     output y float32[N, 8]
     h = MatMul(x, w); c = Cast(b) {to=1}; y = MatMul(h, c)`,
    { w: random([32, 16], 1, 1e-9), b: half(random([16, 8], 3)) }, // w: less than any float16
  ));
  const types = (model = raised) =>
    storeBack(model.proto, model.graph).graph!.initializer.map((t) => readTensorProto(t).type)
      .sort();
  assert.deepEqual(types(), ["float16", "float32"]);
  const plain = fuse(modelOf(
    `input x float32[N, 16]
     output y float32[N, 8]
     y = MatMul(x, b)`,
    { b: random([16, 8], 3) },
  ));
  assert.equal(storeBack(plain.proto, plain.graph), plain.proto);
});
