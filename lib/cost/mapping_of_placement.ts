import { type QConfigMapping, qconfigMapping, type Rule } from "../quantize/mapping.ts";
import { float32, weightOnly } from "../quantize/qconfig.ts";
import { fileWeights } from "../quantize/known_weights.ts";
import { graphFacts } from "../quantize/graph_facts.ts";
import { sensitiveLayers } from "../quantize/sensitive.ts";
import { storableWeights } from "../quantize/weight_only.ts";
import type { KernelChoice, NetworkProblem } from "./candidates.ts";
import { isInt8 } from "./tensor_form.ts";
import type { NetworkFacts } from "./network_facts.ts";

/** Options for {@linkcode mappingOf}. */
export interface MappingOfOptions {
  /** Stores the weights of what stays float32 as int8: a quarter of the bytes at the same speed. @default {true} */
  smallWeights?: boolean;
  /** Stores only weights so that were integers in the file, with these. @default {false} */
  onlyKnown?: boolean;
}

/**
 * The qconfig mapping that asks for what was chosen: a rule for each node that is not to stay float32,
 * by its name, and the tensors that are to be quantized where they come from.
 */
export function mappingOf(
  { model }: NetworkFacts,
  { kernels }: NetworkProblem,
  chosen: readonly KernelChoice[],
  options: MappingOfOptions = {},
): QConfigMapping {
  const { smallWeights = true, onlyKnown = false } = options;
  const rules = new Map<string, Rule>();
  const int8Tensors = new Set<string>();
  kernels.forEach(({ inputs }, i) => {
    const { asked, input, kind } = chosen[i]!;
    for (const [name, qconfig] of asked) rules.set(name, [name, qconfig]);
    if (kind === "static" && isInt8(input)) { for (const name of inputs) int8Tensors.add(name); }
  });
  if (smallWeights) {
    const facts = graphFacts(model.graph);
    const sensitive = sensitiveLayers(facts);
    for (const node of model.graph.node) {
      const stored = storableWeights(node, facts);
      if (rules.has(node.name) || stored.length === 0) continue;
      if (onlyKnown && !stored.every((i) => fileWeights(node.input[i]!, facts))) continue;
      if (sensitive.get(node)?.smallWeights === false) continue;
      rules.set(node.name, [node.name, weightOnly()]);
    }
  }
  return qconfigMapping({
    default: float32,
    rules: [...rules.values()],
    int8Tensors: [...int8Tensors],
    onUnsupported: "float32",
  });
}
