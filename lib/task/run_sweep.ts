import { checkSweepConfig, type SweepConfigInput } from "../config/sweep_config.ts";
import type { KernelTimer } from "../cost/kernel_times.ts";
import type { Splits } from "../data/split.ts";
import type { Model } from "../onnx/model.ts";
import { sweepStrategy } from "../strategy/sweep/sweep_strategy.ts";
import { measureSlow } from "./measure_slow.ts";
import { type RunningStudy, runWork } from "./run_study.ts";
import type { StudyOptions } from "./study_options.ts";

/** Options for {@linkcode sweep}. */
export interface SweepOptions extends Omit<StudyOptions, "config" | "minutes"> {
  /** What to measure, and how it is judged. @default {every built-in placement, and a few variants} */
  config?: SweepConfigInput;
  /** Where measured times of kernels are kept for the next time; false: nowhere. @default {the user's cache folder} */
  cache?: string | false;
  /**
   * What times the kernels, where tests need a clock of their own.
   * @default {the runtime's own clock}
   * @ignore
   */
  kernelTimer?: KernelTimer;
}

/**
 * Measures the configurations of a grid against float32: accuracy on the selection split with the
 * paired difference, closeness of the outputs, latency as a ratio, size. The fastest within the budget is
 * chosen and measured on the test split, once.
 *
 * Before the first trial the kernels are timed: what is slower in int8 beyond doubt stays float32 in
 * every placement but `all`, with weights stored small (`kernels: "any"` in the config makes it int8).
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
  const { config: input = {}, cache, kernelTimer, ...rest } = options;
  const config = checkSweepConfig(input);
  const { metric, workers, threads, objective, maxCreate, coldRounds } = config;
  // A limit that is given beside the config takes the place of the config's, in either form.
  const isLimited = rest.maxDrop !== undefined || rest.atLeast !== undefined;
  const { maxDrop, atLeast } = isLimited ? rest : config;
  return runWork(
    model,
    data,
    async (context) => {
      const [fused, lowered] = [
        await context.forms.get("fused"),
        await context.forms.get("lowered"),
      ];
      const graphs = { fused: fused.graph, lowered: lowered.graph };
      const asPlaced = sweepStrategy(config, graphs, data.calibration.length); // or says what is wrong
      if (config.kernels === "any") return asPlaced;
      const { slow, kernelTimes } = await measureSlow(context, ["fused", "lowered"], {
        ...{ cache, kernelTimer, fresh: rest.fresh },
      });
      return {
        ...sweepStrategy(config, graphs, data.calibration.length, slow),
        record: () => kernelTimes.measured + kernelTimes.taken > 0 ? { kernelTimes } : {},
      };
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
