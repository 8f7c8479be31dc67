import assert from "node:assert/strict";
import { convert } from "../../../lib/quantize/convert.ts";
import { nodeIdentities } from "../../../lib/quantize/decide.ts";
import { mappingOfRecipe } from "../../../lib/quantize/from_recipe.ts";
import { qconfigMapping } from "../../../lib/quantize/mapping.ts";
import { dynamicInt8 } from "../../../lib/quantize/qconfig.ts";
import { dynamicByDefault } from "../../../lib/quantize/quantize_dynamic.ts";
import { recipe } from "../../../lib/record/recipe_schema.ts";
import { productAsks } from "../../../lib/strategy/search/product_asks.ts";
import { encoder } from "../../passes/transformer_fixture.ts";

const model = encoder();
const whole = dynamicByDefault(model);
const outliers = { columns: [3], dB: 12 };
const split = qconfigMapping({
  ...whole,
  rules: [...whole.rules, ["up", dynamicInt8({ outliers })]],
});

Deno.test("productAsks() tries dynamic products, then the same with outlier columns in float32", () => {
  const [plain, apart] = productAsks(model, "fused", { whole, split });
  assert.deepEqual(plain!.recipe, {
    ...{ kind: "assignment", base: "fused", int8Tensors: [], observers: {} },
    forms: {
      embedding: { kind: "weightOnly" },
      ...Object.fromEntries(
        ["query", "key", "value", "out", "up", "down"].map((name) => [name, { kind: "dynamic" }]),
      ),
    },
    operators: "approximate",
  });
  assert.match(apart!.why!, /outlier columns in float32/);
  // As JSON it is the same recipe, and makes the same model.
  const read = recipe.parse(JSON.parse(JSON.stringify(apart!.recipe)));
  const { plan } = convert(model, mappingOfRecipe(read, nodeIdentities(model.graph)));
  assert.deepEqual(plan.rows.flatMap(({ node, outliers }) => outliers ? [[node, outliers]] : []), [
    ["up", outliers],
  ]);
});

Deno.test("where no column stands out there is one form of int8 products", () => {
  assert.equal(productAsks(model, "lowered", { whole, split: whole }).length, 1);
});
