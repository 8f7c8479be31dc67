import { checkSweepConfig, type SweepConfigInput } from "../config/sweep_config.ts";
import type { Splits } from "../data/split.ts";
import type { Model } from "../onnx/model.ts";
import { sweepStrategy } from "../strategy/sweep/sweep_strategy.ts";
import { type RunningStudy, runStudy } from "./run_study.ts";
import type { StudyOptions } from "./study_options.ts";

/** Options for {@linkcode sweep}. */
export interface SweepOptions extends Omit<StudyOptions, "config" | "minutes"> {
  /** What to measure, and how it is judged. @default {see {@linkcode SweepConfig}} */
  config?: SweepConfigInput;
}

/**
 * Measures the configurations of a grid against float32: accuracy on the selection split with the
 * paired difference, closeness of the outputs, latency as a ratio, size. The fastest within the budget is
 * chosen and measured on the test split, once.
 *
 * Results are stored as they come. The same sweep on the same folder continues where it was stopped,
 * and measures nothing again.
 *
 * @param model The float32 model.
 * @param data Samples, split three ways.
 * @returns Events to loop over, and the study to wait for; the study so far if it was stopped by `signal`.
 * @throws {UserError} If model, data, metric or config do not go together, or the folder holds another
 * study. Nothing has been written then.
 * @throws The signal's reason, if it was stopped before anything was measured.
 */
export function sweep(model: Model, data: Splits, options: SweepOptions = {}): RunningStudy {
  const { config: input = {}, ...rest } = options;
  const config = checkSweepConfig(input);
  const { metric, workers, threads, objective, maxCreate, coldRounds } = config;
  // A limit that is given beside the config takes the place of the config's, in either form.
  const isLimited = rest.maxDrop !== undefined || rest.atLeast !== undefined;
  const { maxDrop, atLeast } = isLimited ? rest : config;
  return runStudy(
    model,
    data,
    async ({ forms }) => {
      const fused = (await forms.get("fused")).graph;
      const lowered = (await forms.get("lowered")).graph;
      return sweepStrategy(config, { fused, lowered }, data.calibration.length);
    },
    {
      ...{ command: "sweep()", metric, workers, threads },
      ...{ objective, maxCreate, coldRounds },
      ...rest,
      ...{ maxDrop, atLeast },
      config,
    },
  );
}
