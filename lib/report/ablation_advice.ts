import type { AblatedLayer, AblationRecord } from "../record/ablation_record.ts";
import { MAX_SQNR } from "../record/metric_info.ts";
import { provenLoss } from "../record/sensitivity_rank.ts";
import { decimal, percent } from "./format.ts";

/** From this gain on, in dB, a layer is worth a rule of its own: a fifth less error. */
const WORTH_DB = 1;

/** Power of the error for a signal of 1; undefined where it is not known, 0 where outputs are equal. */
function noiseOf(sqnr: { readonly value: number } | undefined): number | undefined {
  return sqnr && (sqnr.value >= MAX_SQNR ? 0 : 10 ** (-sqnr.value / 10));
}

/** What a layer brings of the error that all ablated layers bring alone, from 0 to 1. */
export function shareOfError(layer: AblatedLayer, { layers }: AblationRecord): number | undefined {
  const own = noiseOf(layer.only?.sqnr);
  const all = layers.reduce((sum, { only }) => sum + (noiseOf(only?.sqnr) ?? 0), 0);
  return own === undefined || all === 0 ? undefined : own / all;
}

/** What the outputs gain in dB if only this layer is left in float32. */
function gainOf({ allBut }: AblatedLayer, { int8 }: AblationRecord): number | undefined {
  if (!allBut?.sqnr || !int8?.sqnr || allBut.sqnr.value >= MAX_SQNR) return undefined;
  return allBut.sqnr.value - int8.sqnr.value;
}

/**
 * Whether leaving this layer in float32 is worth a rule: by what was seen of all layers but this one, or,
 * where that was not measured, by what this layer loses alone. A metric of closeness that is no share loses
 * by any int8 at all, and so proves nothing there.
 */
function isWorthRule(layer: AblatedLayer, record: AblationRecord): boolean {
  const { only, allBut } = layer;
  const { metric, int8 } = record;
  if (!allBut?.sqnr) {
    return (metric.perfect === undefined || metric.share) && provenLoss(only, metric) > 0;
  }
  if (provenLoss(allBut, metric) > 0) return false;
  if (allBut.sqnr.value >= MAX_SQNR) return int8?.sqnr !== undefined && int8.sqnr.value < MAX_SQNR;
  const gains = (gainOf(layer, record) ?? 0) >= WORTH_DB;
  const proven = provenLoss(allBut, { higherIsBetter: !metric.higherIsBetter }) !== 0;
  return metric.signalToNoise ? gains && proven : gains || proven;
}

/** The rule of a config that leaves a layer in float32: `["layer1.conv1", "float32"]`. */
export function ruleFor({ path, name }: Pick<AblatedLayer, "path" | "name">): string {
  return JSON.stringify([path || name, "float32"]).replace(",", ", ");
}

/**
 * Why a layer costs what it costs, and what would help, in a few words: its share of the error, which of
 * weights and activations bring it where both were measured, outliers, and the rule to write where leaving
 * it in float32 is worth it.
 */
export function whyLayer(layer: AblatedLayer, record: AblationRecord): string {
  const { only, allBut, weights, activations, why } = layer;
  const failed = only?.error ?? allBut?.error;
  const share = shareOfError(layer, record);
  const [ofWeights, ofActivations] = [noiseOf(weights?.sqnr), noiseOf(activations?.sqnr)];
  const gain = gainOf(layer, record);
  const parts = [
    failed,
    share === undefined
      ? undefined
      : share === 0
      ? "changes nothing"
      : `brings ${share < 0.001 ? "less than 0.1 %" : percent(share)} of the error`,
    ofWeights === undefined || ofActivations === undefined || ofWeights + ofActivations === 0
      ? undefined
      : ofWeights > 2 * ofActivations
      ? "most of it by its weights: try per-channel-mse"
      : ofActivations > 2 * ofWeights
      ? "most of it by its activations: try another observer"
      : "by weights and activations alike",
    why,
    isWorthRule(layer, record) &&
    `rule: ${ruleFor(layer)}${
      gain === undefined || gain < WORTH_DB ? "" : `, which gains ${decimal(gain, 1)} dB`
    }`,
  ];
  return parts.filter(Boolean).join("; ");
}

/** Whether any layer loses something on the metric that is more than chance. */
export function costsAnything({ layers, metric }: AblationRecord): boolean {
  return layers.some(({ only }) => provenLoss(only, metric) > 0);
}
