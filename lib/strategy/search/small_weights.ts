import type { Model } from "../../onnx/model.ts";
import { graphFacts } from "../../quantize/graph_facts.ts";
import { storableWeights } from "../../quantize/weight_only.ts";
import type { Assignment, ExactForm } from "./assignment.ts";

/** Every weight stored as int8 or float16, every kernel left in float32. */
export function smallWeights(
  { graph }: Model,
  base: ExactForm,
  form: "int8 weights" | "float16 weights",
): Assignment {
  const facts = graphFacts(graph);
  const nodes = graph.node.filter((node) => storableWeights(node, facts).length > 0);
  return {
    base,
    forms: Object.fromEntries(nodes.map(({ name }) => [name, form])),
    int8Tensors: [],
    observers: {},
  };
}
