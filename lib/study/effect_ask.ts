import type { Layer } from "../quantize/layers.ts";
import type { AblationMode } from "./ablation_mode.ts";

/** A variant of a network to measure, as data: which of its layers is changed, and how. */
export interface EffectAsk {
  readonly mode: AblationMode;
  /** A layer, or two as one, see {@linkcode joinLayers}. */
  readonly layer: Layer;
  /** Names of the two layers that it joins, if it does. */
  readonly pair?: readonly [string, string];
}

/** Two layers as one. */
export function joinLayers(a: Layer, b: Layer): Layer {
  return {
    name: `${a.name} + ${b.name}`,
    path: "",
    ops: [...a.ops, ...b.ops],
    nodes: [...a.nodes, ...b.nodes],
  };
}
