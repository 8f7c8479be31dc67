import type { Model } from "../../onnx/model.ts";
import { decide } from "../../quantize/decide.ts";
import type { QConfigMapping } from "../../quantize/mapping.ts";
import type { Assignment, ExactForm, NodeForm } from "../../record/recipe.ts";
import type { TrialAsk } from "../../study/trial_ask.ts";
import { SEARCH_FORMS } from "./search_forms.ts";

/** The mappings that {@linkcode productAsks} tries. */
export interface ProductMappings {
  /** Dynamic products, all other weights stored small. */
  readonly whole: QConfigMapping;
  /** The same with outlier columns split off; itself where there are none. */
  readonly split: QConfigMapping;
}

/**
 * What is tried of a transformer before anything of it is timed: all products by constant matrices in
 * dynamic int8, which are most of its time in any length. First as they are, then with their outlier columns
 * in float32: that costs little time and takes most of the error.
 *
 * @param model The network in the exact form `base`, with a name for each node.
 */
export function productAsks(
  model: Model,
  base: ExactForm,
  { whole, split }: ProductMappings,
): TrialAsk[] {
  const asks = [{ recipe: recipeOf(model, base, whole), why: "int8 products" }];
  if (split === whole) return asks;
  return [...asks, {
    recipe: recipeOf(model, base, split),
    why: "int8 products, their outlier columns in float32",
  }];
}

function recipeOf({ graph }: Model, base: ExactForm, mapping: QConfigMapping): Assignment {
  const forms = decide(graph, mapping).all.flatMap(
    ({ identity, applied }): [string, NodeForm][] => {
      if (applied.kind === "weightOnly") return [[identity.name, SEARCH_FORMS["int8 weights"]]];
      if (applied.kind !== "dynamic") return [];
      const { outliers } = applied;
      return [[identity.name, { ...SEARCH_FORMS.dynamic, ...(outliers && { outliers }) }]];
    },
  );
  return {
    kind: "assignment",
    base,
    forms: Object.fromEntries(forms),
    int8Tensors: [],
    observers: {},
    operators: "approximate",
  };
}
