import type { Model } from "../../onnx/model.ts";
import { decide } from "../../quantize/decide.ts";
import { qconfigMapping } from "../../quantize/mapping.ts";
import { float32 } from "../../quantize/qconfig.ts";
import { storableWeights } from "../../quantize/weight_only.ts";
import type { Assignment, ExactForm } from "../../record/recipe.ts";
import type { TrialAsk } from "../../study/trial_ask.ts";
import { SEARCH_FORMS, type StoredWeights } from "./search_forms.ts";

/**
 * All weights stored small, those in the bodies of If, Loop and Scan too, all kernels float32: whatever
 * else a search finds, there is a model of a quarter of the size (or half of it), which is as fast.
 *
 * @param model The network in the exact form `base`, with a name for each node.
 */
export function smallWeights(
  { graph }: Model,
  base: ExactForm,
  form: StoredWeights,
): Assignment {
  const { all } = decide(graph, qconfigMapping({ default: float32 }));
  const layers = all.filter(({ node, facts }) => storableWeights(node, facts).length > 0);
  return {
    kind: "assignment",
    base,
    forms: Object.fromEntries(layers.map(({ identity }) => [identity.name, SEARCH_FORMS[form]])),
    int8Tensors: [],
    observers: {},
    operators: "fast",
  };
}

/**
 * What a search measures first: weights as int8; float16 is tried only if these lose too much. Of a
 * network without such weights, what its exact form is worth.
 */
export function firstAsks(model: Model, base: ExactForm): TrialAsk[] {
  const int8 = smallWeights(model, base, "int8 weights");
  if (Object.keys(int8.forms).length === 0) {
    return [{ recipe: int8, why: "exact rewrites alone: there are no weights to store small" }];
  }
  return [
    { recipe: int8, why: "float32 kernels, weights stored in int8" },
    {
      recipe: smallWeights(model, base, "float16 weights"),
      why: "float32 kernels, weights stored in float16",
    },
  ];
}
