import type { SweepConfig } from "../../config/sweep_config.ts";
import { UserError } from "../../errors.ts";
import type { GraphProto } from "../../onnx/onnx_pb.ts";
import type { Recipe } from "../../record/recipe.ts";
import type { Study } from "../../record/study_record.ts";
import type { Trial } from "../../record/trial_record.ts";
import { listStrategy, type Strategy } from "../../study/strategy.ts";
import type { TrialAsk } from "../../study/trial_ask.ts";
import { expandGrid, type MeasuredForms, type NamedForm } from "./grid.ts";

/** A sweep: all points of a grid, known beforehand. */
export interface SweepStrategy extends Strategy<TrialAsk, Trial> {
  /** float32 first, then in the order of the config. */
  readonly planned: readonly Recipe[];
  /** Points that give the same model as a planned one. */
  readonly collapsed: NonNullable<Study["collapsed"]>;
}

/**
 * The strategy that asks for every point of a config's grid, all at once, and learns nothing.
 *
 * @param graphs The network as it will be quantized, in each of its exact forms.
 * @param samples Calibration samples there are.
 * @param measured See {@linkcode expandGrid}.
 * @throws {UserError} If a rule of one's own mapping matches no node, or a size of the calibration is
 * larger than the split.
 */
export function sweepStrategy(
  config: SweepConfig,
  graphs: Readonly<Record<NamedForm, GraphProto>>,
  samples: number,
  measured?: MeasuredForms,
): SweepStrategy {
  const { recipes, collapsed } = expandGrid(config, graphs, measured);
  requireSamples(recipes, samples);
  return {
    planned: recipes,
    collapsed: collapsed.map((point) => ({ ...point })),
    ...listStrategy<TrialAsk, Trial>(recipes.map((recipe) => ({ recipe }))),
  };
}

/** Refuses recipes that want more calibration samples than there are. */
function requireSamples(recipes: readonly Recipe[], there: number): void {
  const largest = Math.max(...recipes.map(({ samples = 0 }) => samples));
  if (largest <= there) return;
  throw new UserError(
    `Cannot calibrate on ${largest} samples, as "calibrationSizes" says: the calibration split ` +
      `holds ${there}; give it more with "calibration" (--calibration)`,
  );
}
