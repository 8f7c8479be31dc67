import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { nodeIdentities } from "../../lib/quantize/decide.ts";
import { mappingOfRecipe, observerOf } from "../../lib/quantize/from_recipe.ts";
import { resolveMapping } from "../../lib/quantize/mapping.ts";
import { describeQConfig } from "../../lib/quantize/qconfig.ts";
import type { Recipe } from "../../lib/record/recipe.ts";
import { tinyModel } from "../task/tiny.ts";

const nodes = nodeIdentities(tinyModel().graph);

/** What a recipe makes of each node of the tiny network that is not float32. */
function formsOf(recipe: Recipe): Record<string, string> {
  const resolved = resolveMapping(mappingOfRecipe(recipe, nodes), nodes);
  return Object.fromEntries(
    resolved.map(({ qconfig }, i) => [nodes[i]!.name, describeQConfig(qconfig)])
      .filter(([, form]) => form !== "float32"),
  );
}

Deno.test("a configuration places int8 by its name, with its observer and its weights", () => {
  const forms = formsOf({
    ...{ kind: "configuration", base: "fused", placement: "rnn-dynamic" },
    weights: "per-tensor",
  });
  assert.deepEqual(forms, { "/head/Gemm": "dynamic (per-tensor)" });
  const { "/front/conv1/Conv": conv } = formsOf({
    ...{ kind: "configuration", base: "fused", placement: "cnn-static" },
    observer: { name: "percentile", percentile: 99.9, bins: 512 },
  });
  assert.equal(conv, "static (percentile 99.9 of 512 bins, per-channel)");
});

Deno.test("an assignment gives each node its form, and all others float32", () => {
  const recipe: Recipe = {
    ...{ kind: "assignment", base: "fused", int8Tensors: ["r1"] },
    forms: {
      "/front/conv1/Conv": { kind: "static", kernels: "any" },
      "/head/Gemm": { kind: "weightOnly", bits: 16 },
    },
    observers: { r1: { name: "min-max" } },
  };
  assert.deepEqual(formsOf(recipe), {
    "/front/conv1/Conv": "static (lp-norm 2.4, per-channel, any kernel)",
    "/head/Gemm": "weightOnly (float16)",
  });
  const { int8Tensors, observers } = mappingOfRecipe(recipe, nodes);
  assert.deepEqual(int8Tensors, ["r1"]);
  assert.equal(observers!.get("r1")!.name, "min-max");
});

Deno.test("rules of one's own take what they do not say from the recipe, later rules winning", () => {
  const forms = formsOf({
    ...{ kind: "mapping", base: "fused", name: "own", weights: "per-tensor" },
    default: { kind: "float32" },
    rules: [
      ["front", { kind: "static" }],
      ["front.conv2", { kind: "dynamic", weights: "per-channel" }],
      [{ op: "Gemm" }, "wasm"],
    ],
    observer: { name: "mse" },
  });
  assert.equal(forms["/front/conv1/Conv"], "static (mse, per-tensor)");
  assert.equal(forms["/front/conv2/Conv"], "dynamic (per-channel)");
  assert.match(forms["/head/Gemm"]!, /^static \(lp-norm 2\.4, per-channel, else weightOnly/);
});

Deno.test("a recipe that names what is not there is refused with the nearest name", () => {
  const refuses = (make: () => unknown, message: RegExp) =>
    assert.throws(make, (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, message);
      return true;
    });
  refuses(
    () => formsOf({ kind: "configuration", base: "fused", placement: "compakt" }),
    /did you mean "compact"\?/,
  );
  refuses(() => observerOf({ name: "minmax" }), /Cannot make the observer "minmax"/);
  refuses(
    () => formsOf({ kind: "configuration", base: "fused", placement: "mixed", weights: "per-row" }),
    /"per-row": known are per-channel, per-tensor/,
  );
});
