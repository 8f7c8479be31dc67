import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import type { Assignment, Recipe } from "../../lib/record/recipe.ts";
import { requireRecipe, requireSense } from "../../lib/study/check_recipe.ts";
import { tinyModel } from "../task/tiny.ts";

const mixed: Recipe = { kind: "configuration", base: "fused", placement: "mixed" };
const assigned: Assignment = {
  ...{ kind: "assignment", base: "fused", forms: {}, int8Tensors: ["r1"] },
  observers: { x: { name: "percentile", percentile: 99.9 } },
};

const refuses = (make: () => void, message: RegExp) =>
  assert.throws(make, (error) => {
    assert.ok(error instanceof UserError);
    assert.match(error.message, message);
    return true;
  });
const sense = (recipe: Recipe) => requireSense(recipe, tinyModel(), 24);

Deno.test("requireRecipe() refuses what is no recipe, and says where", () => {
  requireRecipe(mixed);
  refuses(() => requireRecipe(undefined as never), /the recipe that the strategy asked for/);
  refuses(() => requireRecipe({ ...mixed, base: "lowerd" } as never), /base/);
  refuses(
    () => requireRecipe({ ...mixed, sampels: 4 } as never),
    /unknown key "sampels"; did you mean "samples"\?/,
  );
});

Deno.test("requireSense() lets through what makes a difference", () => {
  sense({ ...mixed, samples: 24, corrections: ["equalize", "bias"] });
  sense({ ...mixed, observer: { name: "lp-norm", power: 3, bins: 512 } });
  sense(assigned);
});

Deno.test("requireSense() refuses more samples than there are, or none", () => {
  refuses(
    () => sense({ ...mixed, samples: 999 }),
    /on 999 samples: the calibration split holds 24/,
  );
  refuses(() => sense({ ...mixed, samples: 0 }), /on 0 samples/);
});

Deno.test("requireSense() refuses corrections that there are none of, and the same twice", () => {
  refuses(() => sense({ ...mixed, corrections: ["equalise"] }), /did you mean "equalize"\?/);
  refuses(() => sense({ ...mixed, corrections: ["bias", "bias"] }), /names bias more than once/);
});

Deno.test("requireSense() refuses names of no tensor, and parameters that no one looks at", () => {
  refuses(() => sense({ ...assigned, int8Tensors: ["r9"] }), /no tensor "r9"; did you mean "r1"\?/);
  refuses(
    () => sense({ ...assigned, observers: { nope_at_all: { name: "mse" } } }),
    /no tensor "nope_at_all"/,
  );
  refuses(
    () => sense({ ...mixed, observer: { name: "min-max", percentile: 9 } }),
    /"percentile": 9 with the observer "min-max"/,
  );
});
