import type { NodeProto } from "../../onnx/onnx_pb.ts";
import { STATIC_OPERATORS } from "../../quantize/operators.ts";
import { elementCount } from "../../tensor/tensor.ts";
import { isInt8 } from "../../cost/tensor_form.ts";
import type { Base } from "../../cost/exact_forms.ts";
import type { Kernel } from "../../cost/kernels.ts";
import type { NetworkFacts } from "../../cost/network_facts.ts";
import { graphFacts } from "../../quantize/graph_facts.ts";
import { layerName } from "../../quantize/layers.ts";
import type { ExactForm } from "../../record/recipe.ts";

/** What a search needs of a base to tell its layers and tensors apart. */
export interface LayeredBase {
  readonly form: ExactForm;
  readonly problem: { readonly kernels: readonly Kernel[] };
  readonly network: Pick<NetworkFacts, "model" | "values">;
}

/** The layer of each kernel, see {@linkcode layerName}: of several pieces of a Conv, that Conv. */
export function layersOf(
  { form, problem: { kernels }, network: { model } }: LayeredBase,
): string[] {
  const facts = graphFacts(model.graph);
  const rewritten = typeof form === "string" ? [] : form.products.map(({ node }) => node);
  return kernels.map(({ nodes }) => layerName(nodes, facts, rewritten));
}

/** Where the rounding of a tensor to uint8 can be read from. */
export interface Rounding {
  /** The tensor whose rounding is measured. */
  readonly of: string;
  /** The share of its noise that this one brings. */
  readonly share: number;
}

/**
 * For each tensor that may become uint8: which tensor's measured noise stands for it, and what share
 * of that. A tensor that only
 * holds the values of another in another order (or some of them) does what rounding that one does;
 * the results of the pieces of a layer share what rounding the layer's result does.
 */
export function roundingsOf(base: LayeredBase & Pick<Base, "problem">): Map<string, Rounding> {
  const { problem: { kernels }, network: { values } } = base;
  const layers = layersOf(base);
  const maker = new Map(kernels.flatMap(({ outputs }, i) => outputs.map((name) => [name, i])));
  const readers = new Map<string, number[]>();
  kernels.forEach(({ inputs }, i) => {
    for (const name of inputs) readers.set(name, [...readers.get(name) ?? [], i]);
  });
  const size = (name: string) => elementCount(values.get(name)?.dims ?? [0]);
  const leaves = (name: string, layer: string) =>
    !readers.has(name) || readers.get(name)!.some((i) => layers[i] !== layer);
  /** What leaves each layer, and the elements of what its pieces compute on the way. */
  const results = new Map<string, string[]>();
  const computed = new Map<string, number>();
  kernels.forEach(({ nodes, outputs }, i) => {
    const layer = layers[i]!;
    const leaving = outputs.filter((name) => leaves(name, layer));
    results.set(layer, [...results.get(layer) ?? [], ...leaving]);
    if (nodes.every(onlyMovesData)) return;
    const elements = outputs.reduce((sum, name) => sum + size(name), 0);
    computed.set(layer, (computed.get(layer) ?? 0) + elements);
  });
  const find = (name: string): Rounding => {
    const made = maker.get(name);
    if (made === undefined) return { of: name, share: 1 };
    const { nodes, inputs } = kernels[made]!;
    const layer = layers[made]!;
    if (nodes.every(onlyMovesData) && inputs.length > 0) {
      const whole = find(inputs[0]!);
      const share = Math.min(1, size(name) / Math.max(1, size(inputs[0]!)));
      return { of: whole.of, share: whole.share * share };
    }
    const [result] = results.get(layer)!;
    if (result === undefined || leaves(name, layer)) return { of: name, share: 1 };
    return { of: result, share: Math.min(1, size(name) / Math.max(1, computed.get(layer)!)) };
  };
  return new Map(roundable(base).map((name) => [name, find(name)]));
}

/** Tensors that some choice rounds to uint8. */
export function roundable({ problem: { kernels } }: Pick<Base, "problem">): string[] {
  return [
    ...new Set(kernels.flatMap(({ inputs, outputs, choices }) => [
      ...choices.some(({ input }) => isInt8(input)) ? inputs : [],
      ...choices.some(({ output }) => isInt8(output)) ? outputs : [],
    ])),
  ];
}

/** Whether a node gives the integers that it reads. */
export function onlyMovesData({ opType }: NodeProto): boolean {
  return STATIC_OPERATORS.get(opType)?.role === "carry";
}
