import type { Base } from "../../cost/exact_forms.ts";
import type { Model } from "../../onnx/model.ts";
import { withConvForms } from "../../quantize/write_forms.ts";
import { graphFacts } from "../../quantize/graph_facts.ts";
import { storableWeights } from "../../quantize/weight_only.ts";
import type { LayerAsk, NoiseAsks } from "../../replay/layer_noise.ts";
import { observerOf, qconfigOf } from "../../quantize/from_recipe.ts";
import { toWeights } from "../../quantize/weight_observers.ts";
import { SEARCH_FORMS, SEARCH_OBSERVERS, type SearchForm } from "./search_forms.ts";
import { layersOf, roundingsOf } from "./roundings.ts";

/** Options for {@linkcode sensitivityAsks}. */
export interface SensitivityAsksOptions {
  /** Whether int4 weights are of interest. @default {false} */
  int4?: boolean;
}

/**
 * The single changes whose noise a search has to know of a base: each tensor rounded that some choice
 * rounds, each layer with weights with these stored small, each that can be dynamic, or have integer products, so.
 *
 * @param outputs Outputs at which noise is of interest.
 */
export function sensitivityAsks(
  base: Base,
  outputs: readonly string[],
  options: SensitivityAsksOptions = {},
): NoiseAsks {
  const { problem: { kernels }, network: { model, shapes } } = base;
  const facts = graphFacts(model.graph);
  const stored: SearchForm[] = ["int8 weights", "float16 weights"];
  if (options.int4) stored.push("int4 weights");
  const observers = [...SEARCH_OBSERVERS.values()].map(observerOf);
  const defaults = { observer: observers[0]!, weights: toWeights("per-channel") };
  const names = layersOf(base);
  const layers = [...Map.groupBy(kernels, (_, i) => names[i]!)].map(([name, own]): LayerAsk => {
    const nodes = own.flatMap(({ nodes }) => nodes);
    const hasWeights = nodes.some((node) => storableWeights(node, facts).length > 0);
    const dynamic = own.flatMap(({ choices }) => choices.filter(({ kind }) => kind === "dynamic"));
    const convs = Object.fromEntries(
      dynamic.flatMap(({ written, asked }) =>
        written ? [...asked.keys()].map((name) => [name, written] as const) : []
      ),
    );
    const forms: SearchForm[] = [
      ...hasWeights ? stored : [],
      ...dynamic.some(({ written }) => !written) ? ["dynamic" as const] : [],
    ];
    return {
      name,
      nodes: nodes.map(({ name }) => name),
      forms: {
        ...Object.fromEntries(
          forms.map((form) => [form, qconfigOf(SEARCH_FORMS[form], defaults)]),
        ),
        ...(Object.keys(convs).length > 0 && {
          "integer products": (model: Model) => withConvForms({ model, shapes }, convs),
        }),
      },
    };
  });
  return {
    tensors: [...new Set([...roundingsOf(base).values()].map(({ of }) => of))],
    observers,
    layers: layers.filter(({ forms }) => Object.keys(forms).length > 0),
    outputs,
  };
}
