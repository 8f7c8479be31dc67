import type { Calibration } from "../calibrate/calibration.ts";
import type { Model } from "../onnx/model.ts";
import { convert } from "../quantize/convert.ts";
import type { Decisions } from "../quantize/decide.ts";
import { type QConfigMapping, qconfigMapping, type Rule } from "../quantize/mapping.ts";
import { float32, type QConfig, weightOnly } from "../quantize/qconfig.ts";
import { activationsOnly } from "../replay/activations_only.ts";
import { onlyMapping } from "../quantize/only_mapping.ts";
import type { Layer } from "../quantize/layers.ts";

/**
 * What of a network is int8:
 *
 * - `only`: one layer, all others float32;
 * - `weights`, `activations`: of one layer only these;
 * - `allBut`: all layers but one.
 */
export type Part = "only" | "allBut" | "weights" | "activations";

/** What an ablation is doing while it measures a part. */
export const DOING: Readonly<Record<Part, string>> = {
  only: "each layer alone",
  allBut: "all layers but one",
  weights: "weights of each layer",
  activations: "activations of each layer",
};

/** What variants are made from. */
export interface PartSource {
  /** Float32, with a name for each node. */
  readonly base: Model;
  readonly mapping: QConfigMapping;
  readonly decisions: Decisions;
  readonly calibration: () => Promise<Calibration>;
}

/** The qconfig that a mapping asks of each node. */
export function askedOf({ all }: Decisions): (node: string) => QConfig {
  const asked = new Map(all.map(({ node, asked }) => [node.name, asked]));
  return (node) => asked.get(node)!;
}

/** A mapping with some nodes in float32 after all. */
export function allButMapping(mapping: QConfigMapping, nodes: readonly string[]): QConfigMapping {
  const rules = nodes.map((name): Rule => [name, float32]);
  return qconfigMapping({ ...mapping, rules: [...mapping.rules, ...rules] });
}

/** Whether there is such a variant of a layer. */
export function hasPart(part: Part, { nodes }: Layer, { all }: Decisions): boolean {
  if (part === "only" || part === "allBut") return true;
  const names = new Set(nodes);
  const forms = all.filter(({ node, anchor }) => names.has(node.name) && !anchor);
  // Dynamic kernels have no form with float32 weights; weights that are stored small have no other.
  return forms.every(({ applied }) => applied.kind === "static");
}

/** Makes the network in which a part is int8. */
export async function makePart(part: Part, layer: Layer, source: PartSource): Promise<Model> {
  const { base, mapping, decisions } = source;
  const calibration = await source.calibration();
  const form = askedOf(decisions);
  switch (part) {
    case "only":
      return convert(base, onlyMapping(layer.nodes, form, mapping.observers), calibration);
    case "allBut":
      return convert(base, allButMapping(mapping, layer.nodes), calibration);
    case "weights": {
      const small = (node: string) => {
        const asked = form(node);
        return asked.kind === "static" ? weightOnly({ weight: asked.weight }) : asked;
      };
      return convert(base, onlyMapping(layer.nodes, small, mapping.observers), calibration);
    }
    case "activations":
      return activationsOnly(
        convert(base, onlyMapping(layer.nodes, form, mapping.observers), calibration),
        base,
      );
  }
}
