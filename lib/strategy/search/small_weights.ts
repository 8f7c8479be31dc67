import type { Model } from "../../onnx/model.ts";
import { graphFacts } from "../../quantize/graph_facts.ts";
import { storableWeights } from "../../quantize/weight_only.ts";
import type { Assignment, ExactForm } from "../../record/recipe.ts";
import type { TrialAsk } from "../../study/trial_ask.ts";
import { SEARCH_FORMS, type StoredWeights } from "./search_forms.ts";

/**
 * All weights stored small, all kernels float32: whatever else a search finds, there is a model of a
 * quarter of the size (or half of it), which is as fast.
 *
 * @param model The network in the exact form `base`, with a name for each node.
 */
export function smallWeights(
  { graph }: Model,
  base: ExactForm,
  form: StoredWeights,
): Assignment {
  const facts = graphFacts(graph);
  const nodes = graph.node.filter((node) => storableWeights(node, facts).length > 0);
  return {
    kind: "assignment",
    base,
    forms: Object.fromEntries(nodes.map(({ name }) => [name, SEARCH_FORMS[form]])),
    int8Tensors: [],
    observers: {},
  };
}

/** What a search measures first: weights as int8; float16 is tried only if these lose too much. */
export function firstAsks(model: Model, base: ExactForm): TrialAsk[] {
  return [
    {
      recipe: smallWeights(model, base, "int8 weights"),
      why: "float32 kernels, weights stored in int8",
    },
    {
      recipe: smallWeights(model, base, "float16 weights"),
      why: "float32 kernels, weights stored in float16",
    },
  ];
}
