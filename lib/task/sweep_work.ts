import { configRatios } from "../config/shared_config.ts";
import { checkSweepConfig } from "../config/sweep_config.ts";
import type { Splits } from "../data/split.ts";
import type { Model } from "../onnx/model.ts";
import type { OnStep } from "../record/event.ts";
import { sweepStrategy } from "../strategy/sweep/sweep_strategy.ts";
import { measureForms } from "./measure_forms.ts";
import type { StudyStrategy, WorkContext } from "./study_strategy.ts";
import { type StudyWork, studyWork } from "./study_work.ts";
import type { SweepOptions } from "./sweep_options.ts";

/** What `sweep()` does, event by event. */
export function sweepWork(
  model: Model,
  data: Splits,
  options: SweepOptions,
  onStep: OnStep,
): StudyWork {
  const { config: input = {}, cache, kernelTimer, ...rest } = options;
  const config = checkSweepConfig(input);
  const { metric, workers, threads, runtime: ort, binary, objective, coldRounds } = config;
  // A limit that is given beside the config takes the place of the config's, in either form.
  const isLimited = rest.maxDrop !== undefined || rest.atLeast !== undefined;
  const { maxDrop, atLeast } = isLimited ? rest : config;
  const maker = async (context: WorkContext): Promise<StudyStrategy> => {
    const [fused, lowered] = [
      await context.forms.get("fused"),
      await context.forms.get("lowered"),
    ];
    const graphs = { fused: fused.graph, lowered: lowered.graph };
    const asPlaced = sweepStrategy(config, graphs, data.calibration.length); // or says what is wrong
    if (config.kernels === "any") return asPlaced;
    const { kernelTimes, ...measured } = await measureForms(context, ["fused", "lowered"], {
      ...{ cache, kernelTimer, fresh: rest.fresh },
    });
    return {
      ...sweepStrategy(config, graphs, data.calibration.length, measured),
      record: () => kernelTimes.measured + kernelTimes.taken > 0 ? { kernelTimes } : {},
    };
  };
  return studyWork(model, data, maker, {
    ...{ command: "sweep()", metric, workers, threads, ort, binary },
    ...{ objective, coldRounds, ...configRatios(config) },
    ...rest,
    ...{ maxDrop, atLeast },
    config: { ...config },
  }, onStep);
}
