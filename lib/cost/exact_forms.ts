import { fastestBase, type PlacingContext, rewritesOf, writeAsProducts } from "./fastest_form.ts";
import { type NetworkProblem, placementProblem } from "./candidates.ts";
import { type NetworkFacts, networkFacts } from "./network_facts.ts";
import type { Model } from "../onnx/model.ts";
import { QUANTIZED_OPSET, raiseOpset } from "../onnx/opset.ts";
import { fuse } from "../passes/fuse.ts";
import { lowerForWasm } from "../passes/lower_for_wasm.ts";
import { learnShapes } from "../runtime/learn_shapes.ts";
import { nameNodes } from "../onnx/name_nodes.ts";

import type { Feeds } from "../tensor/tensor.ts";
import type { ExactForm } from "../strategy/search/assignment.ts";

/** An exact form of a network, with what is known of its extractor. */
export interface Base {
  /** Names it among the others. */
  readonly name: string;
  readonly form: ExactForm;
  readonly network: NetworkFacts;
  readonly problem: NetworkProblem;
}

/** The form that is made without measuring anything. */
export const ESTIMATED: ExactForm = { frames: true, products: "estimated" };

/**
 * Writes a network in one of its exact forms.
 *
 * @param sample One run's inputs: the shapes for which the form holds, but for the batch.
 */
export async function writeExactForm(
  model: Model,
  sample: Feeds,
  { frames, products }: ExactForm,
): Promise<Model> {
  const given = named(fuse(model));
  const shapes = await learnShapes(given, sample);
  if (products === "estimated") return named(lowerForWasm(given, shapes));
  const flat = frames ? named(lowerForWasm(given, shapes, { convToGemm: false })) : given;
  if (products.length === 0) return flat;
  const written = writeAsProducts({
    model: flat,
    shapes: await learnShapes(flat, sample),
    values: new Map(),
  }, products);
  return named(written);
}

/**
 * The exact forms that are worth starting from: that in which the network is fastest if it may be int8
 * wherever that is faster, and that in which it is fastest in float32; one, if they are the same.
 */
export async function measureExactForms(
  model: Model,
  sample: Feeds,
  context: Omit<PlacingContext, "int8">,
): Promise<Base[]> {
  const { runtime, kernelTimes } = context;
  const given = await networkFacts(fuse(model), sample, runtime);
  const bases = new Map<string, Base>();
  for (const int8 of [true, false]) {
    const best = await fastestBase(given, sample, { ...context, int8 });
    const products = rewritesOf(best).map(({ node, form }) => ({ node, form }));
    const form: ExactForm = { frames: best.network !== given, products };
    const name = nameOf(form);
    if (bases.has(name)) continue;
    const written = writeAsProducts(best.network, products);
    const seen = written === best.network.model
      ? best.network
      : await networkFacts(written, sample, runtime);
    const problem = await placementProblem(seen, kernelTimes, { rewrites: false });
    bases.set(name, { name, form, network: seen, problem });
  }
  return [...bases.values()];
}

/** A name that tells exact forms apart. */
export function nameOf({ frames, products }: ExactForm): string {
  if (products === "estimated") return "lowered";
  const rewrites = products.map(({ node, form }) => `${node} ${form}`).sort();
  return [frames ? "frames" : "fused", ...rewrites].join("; ");
}

function named(model: Model): Model {
  const raised = raiseOpset(model, QUANTIZED_OPSET);
  return raised.withGraph(nameNodes(raised.graph));
}
