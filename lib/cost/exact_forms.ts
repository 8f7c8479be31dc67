import type { Model } from "../onnx/model.ts";
import { writeAsProducts } from "../passes/exact_form.ts";
import { fuse } from "../passes/fuse.ts";
import type { ExactForm } from "../record/recipe.ts";
import { baseName } from "../record/recipe_name.ts";
import type { Feeds } from "../tensor/tensor.ts";
import { type NetworkProblem, placementProblem } from "./candidates.ts";
import { budgetOf, fastestBase, type PlacingContext, rewritesOf } from "./fastest_form.ts";
import { type NetworkFacts, networkFacts } from "./network_facts.ts";

/** An exact form of a network, with what its kernels can be and take. */
export interface Base {
  /** Tells it from others. */
  readonly name: string;
  readonly form: ExactForm;
  readonly network: NetworkFacts;
  readonly problem: NetworkProblem;
}

/**
 * The exact forms that are worth starting from: that in which the network is fastest if it may be int8
 * wherever that is faster, and that in which it is fastest in float32; one, if they are the same.
 *
 * @param sample One run's inputs: the shapes for which the forms hold, but for the batch.
 */
export async function measureExactForms(
  model: Model,
  sample: Feeds,
  context: Omit<PlacingContext, "int8">,
): Promise<Base[]> {
  const { kernelTimes } = context;
  const given = await networkFacts(fuse(model), sample, context);
  const bases = new Map<string, Base>();
  for (const int8 of [true, false]) {
    const best = await fastestBase(given, sample, { ...context, int8 });
    const { model: flat, shapes } = best.network;
    const products = rewritesOf(best);
    const frames = best.network !== given;
    const form: ExactForm = frames || products.length > 0 ? { frames, products } : "fused";
    const name = baseName(form);
    if (bases.has(name)) continue;
    const written = writeAsProducts(flat, shapes, products);
    const network = written === flat ? best.network : await networkFacts(written, sample, context);
    const { ratios, runtime, signal } = context;
    const problem = await placementProblem(network, kernelTimes, {
      ...{ rewrites: false, check: { runtime, signal } },
      ...(ratios && { budget: budgetOf(given, ratios) }),
    });
    bases.set(name, { name, form, network, problem });
  }
  return [...bases.values()];
}
