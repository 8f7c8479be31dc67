import type { Model } from "../onnx/model.ts";
import type { WinogradForm } from "../record/recipe.ts";
import type { Feeds } from "../tensor/tensor.ts";
import { placementProblem } from "./candidates.ts";
import { budgetOf, convsOf, type PlacingContext } from "./fastest_form.ts";
import { networkFacts } from "./network_facts.ts";
import { solvePlacement } from "./solve.ts";

/**
 * What the Convs of a network are fastest written as, in float32, by name of the node: as measured on this
 * machine. Those that are fastest as they are have no entry.
 *
 * @param model Float32, with a name for each node.
 * @param sample One run's inputs: times hold for their shapes.
 */
export async function fastConvs(
  model: Model,
  sample: Feeds,
  context: Omit<PlacingContext, "int8" | "spare">,
): Promise<Record<string, WinogradForm>> {
  if (!model.graph.node.some(({ opType }) => opType === "Conv")) return {};
  const network = await networkFacts(model, sample, context);
  const { ratios, runtime, signal } = context;
  const problem = await placementProblem(network, context.kernelTimes, {
    ...{ int8: false, rewrites: false, check: { runtime, signal } },
    ...(ratios && { budget: budgetOf(network, ratios) }),
  });
  return convsOf(problem, await solvePlacement(problem));
}
