import assert from "node:assert/strict";
import { firstAsks, smallWeights } from "../../../lib/strategy/search/small_weights.ts";
import { modelOf } from "../../quantize/fixture.ts";

const model = modelOf(
  `graph small
  input x float32[1, 16]
  output y float32[1, 4]
  a = Gemm(x, w1) @ large
  b = Relu(a) @ relu
  y = Gemm(b, w2) @ small`,
  { w1: [16, 16], w2: [16, 4] },
);

Deno.test("smallWeights() stores the weights that are worth it, and leaves all kernels float32", () => {
  assert.deepEqual(smallWeights(model, "lowered", "float16 weights"), {
    kind: "assignment",
    base: "lowered",
    forms: { large: { kind: "weightOnly", bits: 16 } }, // 64 weights are not worth a scale
    int8Tensors: [],
    observers: {},
  });
});

Deno.test("a search begins with int8 weights, and has float16 in reserve", () => {
  const asks = firstAsks(model, "fused");
  assert.deepEqual(asks.map(({ recipe }) => recipe), [
    smallWeights(model, "fused", "int8 weights"),
    smallWeights(model, "fused", "float16 weights"),
  ]);
  assert.match(asks[0]!.why!, /weights stored in int8/);
});
