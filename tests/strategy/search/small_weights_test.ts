import assert from "node:assert/strict";
import { firstAsks, smallWeights } from "../../../lib/strategy/search/small_weights.ts";
import { convert } from "../../../lib/quantize/convert.ts";
import { nodeIdentities } from "../../../lib/quantize/decide.ts";
import { mappingOfRecipe } from "../../../lib/quantize/from_recipe.ts";
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
    operators: "fast",
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

Deno.test("smallWeights() stores what stands in the bodies of an If", () => {
  const branches = modelOf(
    `input x float32[1, 16]; input flag bool[]; output y float32[1, 16]
    y = If(flag) {then_branch=graph then {output a float32[1, 16]; a = MatMul(x, w) @ left},
      else_branch=graph else {output b float32[1, 16]; b = MatMul(x, v)}} @ choice`,
    { w: [16, 16], v: [16, 16] },
  );
  const recipe = smallWeights(branches, "fused", "int8 weights");
  assert.deepEqual(Object.keys(recipe.forms), ["left", "b"]);
  const stored = convert(branches, mappingOfRecipe(recipe, nodeIdentities(branches.graph)));
  assert.ok(stored.bytes().length < 0.6 * branches.bytes().length);
});

Deno.test("a search of a network without weights to store says that it rewrites alone", () => {
  const bare = modelOf("input x float32[1, 16]; output y float32[1, 16]; y = Relu(x) @ relu");
  const [first, ...others] = firstAsks(bare, "fused");
  assert.deepEqual(others, []);
  assert.equal(first!.why, "exact rewrites alone: there are no weights to store small");
});
