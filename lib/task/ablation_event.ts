import type { Splits } from "../data/split.ts";
import type { Layer } from "../quantize/layers.ts";
import type { Effect, LayerPair } from "../record/ablation_record.ts";
import type { Estimate, MetricInfo } from "../record/metric_info.ts";
import type { AblationMode } from "../study/ablation_mode.ts";

/**
 * What an ablation tells as it goes, in order; steps come in between, see `StepEvent`.
 * @category Studies (advanced)
 */
export type AblationEvent =
  | { readonly kind: "begin"; readonly layers: readonly Layer[]; readonly metric: MetricInfo }
  /** Float32 is known, with what it says against samples, labels or metric, in sentences. */
  | { readonly kind: "float32"; readonly value: Estimate; readonly notes: readonly string[] }
  | {
    readonly kind: "effect";
    /** Name of the layer. */
    readonly layer: string;
    readonly mode: AblationMode;
    readonly effect: Effect;
    /** Taken from an earlier run. */
    readonly reused: boolean;
  }
  | { readonly kind: "pair"; readonly pair: LayerPair };

/**
 * Samples for an ablation: ranges come from `calibration`, effects from `selection`.
 * @category Studies (advanced)
 */
export type AblationData = Pick<Splits, "calibration" | "selection" | "name">;
