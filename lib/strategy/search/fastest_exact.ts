import type { Base } from "../../cost/exact_forms.ts";
import type { Objective } from "../../record/objective.ts";
import type { Assignment, NodeForm } from "../../record/recipe.ts";
import type { Sensitivities } from "../../replay/layer_noise.ts";
import { type Proposal, propose, recipeOf } from "./proposal.ts";
import { layersOf } from "./roundings.ts";
import { SEARCH_FORMS, STORED_WEIGHTS } from "./search_forms.ts";
import { searchSpace } from "./space.ts";

/**
 * The fastest mix whose kernels are all float32. It needs no noise to be measured, so a search that has
 * little time has it at least.
 *
 * @param base The exact form in which the network is fastest in float32.
 * @param kept What has kept the budget: weights are stored as there. @default {all as they are}
 * @returns undefined if nothing is faster than as it is.
 */
export async function fastestExact(
  base: Base,
  objective: Objective,
  kept?: Assignment,
): Promise<Proposal | undefined> {
  const forms = Object.values(kept?.forms ?? {});
  const stored = forms.length === 0
    ? undefined
    : STORED_WEIGHTS.find((form) => forms.every((one) => sameForm(one, SEARCH_FORMS[form])));
  const silent: Sensitivities = {
    ...{ outputs: [], samples: 0, tensors: {} },
    layers: stored
      ? Object.fromEntries(layersOf(base).map((layer) => [layer, { [stored]: [] }]))
      : {},
  };
  const proposal = await propose(searchSpace(base, silent, objective), Infinity);
  if (!proposal) return undefined;
  const isWritten = recipeOf(proposal).convs !== undefined;
  const isRewritten = typeof base.form === "object" && base.form.products.length > 0;
  return isWritten || isRewritten ? proposal : undefined;
}

function sameForm(a: NodeForm, b: NodeForm): boolean {
  return a.kind === "weightOnly" && b.kind === "weightOnly" && a.bits === b.bits;
}
