import { placementProblem } from "../cost/candidates.ts";
import { explainLayers, isAmong } from "../cost/explain_layers.ts";
import { fullestSample } from "../cost/fullest_sample.ts";
import { type KernelTimer, KernelTimes } from "../cost/kernel_times.ts";
import { networkFacts } from "../cost/network_facts.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Model } from "../onnx/model.ts";
import type { QuantizedModel } from "../quantize/quantized_model.ts";
import type { LayerChoices } from "../record/layer_choices.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** Options for {@linkcode whyQuantized}. */
export interface WhyQuantizedOptions {
  /** Names of nodes, or module paths. */
  readonly layers: readonly string[];
  readonly runtime: Runtime;
  /** Measures kept times of kernels again, and keeps those in their place. @default {false} */
  readonly fresh?: boolean;
  /** What times the kernels. @default {the runtime's own clock} */
  readonly kernelTimer?: KernelTimer;
  /** Where their times are kept; false: nowhere. @default {the user's cache folder} */
  readonly cache?: string | false;
  readonly signal?: AbortSignal;
}

/**
 * Times every form that some layers could have, each layer by itself between float32 neighbours, and says
 * why each became what it is in a quantized model.
 *
 * @param fused The float32 network that the model was converted from.
 * @param data Times hold for the shapes of its samples.
 */
export async function whyQuantized(
  fused: Model,
  { plan, traces }: QuantizedModel,
  data: Dataset,
  { layers, runtime, signal, ...rest }: WhyQuantizedOptions,
): Promise<LayerChoices[]> {
  const context = { runtime, ...signal && { signal } };
  const network = await networkFacts(fused, await fullestSample(fused, data, context), context);
  const kernelTimes = await KernelTimes.open(runtime, { ...rest, ...signal && { signal } });
  const problem = await placementProblem(network, kernelTimes, {
    ...{ spare: true, check: context },
    only: isAmong(network.model, layers),
  });
  const rows = new Map(plan.rows.map((row, i) => [row.node, { ...row, form: traces[i]!.form }]));
  const chosen = problem.kernels.map(({ nodes, choices }) => {
    const kinds = nodes.flatMap(({ name }) => rows.get(name)?.form ?? []);
    const kind = kinds.find((form) => form === "static" || form === "dynamic") ?? "float32";
    const plain = choices.filter(({ rewrite, written }) => !rewrite && !written);
    return plain.find((choice) => choice.kind === kind) ?? choices[0]!;
  });
  const told = await explainLayers({ network, problem, chosen }, {
    layers,
    int8: true,
    ...context,
  });
  return told.map((layer) => ({
    ...layer,
    forms: layer.forms.map((form) =>
      form.chosen ? { ...form, why: `as asked: ${rows.get(layer.node)?.why ?? "default"}` } : form
    ),
  }));
}
