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
 * What of a network is int8 in a variant of it:
 *
 * - `only`: one layer, all others float32;
 * - `weights`, `activations`: of one layer only these;
 * - `allBut`: all layers but one.
 * @category Studies (advanced)
 */
export type AblationMode = "only" | "allBut" | "weights" | "activations";

/** What is measured in each mode, in words. */
export const MODE_WORDS: Readonly<Record<AblationMode, string>> = {
  only: "each layer alone",
  allBut: "all layers but one",
  weights: "weights of each layer",
  activations: "activations of each layer",
};

/** What variants are made from. */
export interface VariantSource {
  /** Float32, with a name for each node. */
  readonly base: Model;
  /** What int8 is. */
  readonly mapping: QConfigMapping;
  /** Of the mapping on the base. */
  readonly decisions: Decisions;
}

/** The qconfig that a mapping asks of each node. */
export function askedOf({ all }: Decisions): (node: string) => QConfig {
  const asked = new Map(all.map(({ identity, asked }) => [identity.name, asked]));
  return (node) => asked.get(node)!;
}

/** A mapping with some nodes in float32 after all. */
export function allButMapping(mapping: QConfigMapping, nodes: readonly string[]): QConfigMapping {
  const rules = nodes.map((name): Rule => [name, float32]);
  return qconfigMapping({ ...mapping, rules: [...mapping.rules, ...rules] });
}

/**
 * Whether there is such a variant of a layer: weights and activations can be told apart only where all
 * of it is static. Dynamic kernels have no form with float32 weights; weights that are stored small have
 * no other.
 */
export function hasMode(mode: AblationMode, { nodes }: Layer, { all }: Decisions): boolean {
  if (mode === "only" || mode === "allBut") return true;
  const names = new Set(nodes);
  const forms = all.filter(({ identity, anchor }) => names.has(identity.name) && !anchor);
  return forms.every(({ applied }) => applied.kind === "static");
}

/**
 * The mapping under which a variant is converted. That of `activations` is that of `only`: weights turn
 * back to float32 afterwards.
 */
export function modeMapping(
  mode: AblationMode,
  { nodes }: Pick<Layer, "nodes">,
  { mapping, decisions }: Pick<VariantSource, "mapping" | "decisions">,
): QConfigMapping {
  if (mode === "allBut") return allButMapping(mapping, nodes);
  const asked = askedOf(decisions);
  return onlyMapping(nodes, mode === "weights" ? weightsOf(asked) : asked, mapping.observers);
}

/** Makes the variant of a network in which a layer is changed. */
export function makeVariant(
  mode: AblationMode,
  layer: Pick<Layer, "nodes">,
  source: VariantSource,
  calibration: Calibration,
): Model {
  const { base } = source;
  const converted = convert(base, modeMapping(mode, layer, source), calibration);
  return mode === "activations" ? activationsOnly(converted, base) : converted;
}

/** The same forms with the weights alone stored small, where they are static. */
function weightsOf(asked: (node: string) => QConfig): (node: string) => QConfig {
  return (node) => {
    const form = asked(node);
    return form.kind === "static" ? weightOnly({ weight: form.weight }) : form;
  };
}
