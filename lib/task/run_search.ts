import type { KernelTimer } from "../cost/kernel_times.ts";
import type { Splits } from "../data/split.ts";
import type { Model } from "../onnx/model.ts";
import type { KernelTimesRecord } from "../record/kernel_times_record.ts";
import type { SearchRecord } from "../record/search_record.ts";
import { SearchStrategy } from "../strategy/search/search_strategy.ts";
import { firstAsks } from "../strategy/search/small_weights.ts";
import { measureSpaces } from "./measure_spaces.ts";
import { type RunningStudy, runWork } from "./run_study.ts";
import type { StudyOptions } from "./study_options.ts";
import {
  type StudyEnding,
  type StudyStrategy,
  TIME_WAS_UP,
  type WorkContext,
} from "./study_strategy.ts";

/** Options for {@linkcode search}. */
export interface SearchOptions extends Omit<StudyOptions, "config"> {
  /** Most minutes to spend. @default {10} */
  minutes?: number;
  /** Samples that the noise of layers is measured on, at most. @default {8} */
  noiseSamples?: number;
  /** Where measured times of kernels are kept for the next time; false: nowhere. @default {the user's cache folder} */
  cache?: string | false;
  /**
   * What times the forms of kernels, where tests need a clock of their own.
   * @default {the runtime's own clock}
   * @ignore
   */
  kernelTimer?: KernelTimer;
}

/**
 * Looks for the fastest, or the smallest, model whose accuracy drops by no more than a budget.
 *
 * Each layer may stay float32, store its weights small, or be static or dynamic int8, over an exact
 * form of the network; each static tensor may take the range of one of several observers. What each
 * choice takes is measured on this machine, what noise it brings to the outputs is measured by itself
 * on a few samples, and an integer program weighs them all at once. Its answer is built and measured
 * for real; what the sum of noises missed is learnt from that, and so on until the time is up or no
 * other mix is predicted to be better. A fast model that misses the budget is tried again with bias
 * correction.
 *
 * Results are stored as they come: the same search on the same folder continues, and measures nothing
 * twice. The best is chosen on the selection split, and measured on the test split, once.
 *
 * @param model The float32 model.
 * @param data Samples, split three ways.
 * @returns Events to loop over, and the study to wait for; the study so far if it was stopped by `signal`.
 * @throws {UserError} If model, data, metric and options do not go together, or there is no time for a
 * single trial.
 */
export function search(model: Model, data: Splits, options: SearchOptions = {}): RunningStudy {
  const { minutes = 10, noiseSamples = 8, objective = "latency", cache, kernelTimer, ...rest } =
    options;
  const make = async (context: WorkContext): Promise<StudyStrategy> => {
    const notes: string[] = [];
    let kernelTimes: KernelTimesRecord | undefined;
    const lowered = await context.forms.get("lowered");
    const form = lowered === await context.forms.get("fused") ? "fused" : "lowered";
    const strategy = new SearchStrategy({
      budget: {
        ...context.budget,
        maxCreate: context.maxCreate,
        model: { bytes: model.bytes().length },
      },
      objective,
      first: firstAsks(lowered, form),
      spaces: () =>
        measureSpaces(context, {
          ...{ objective, noiseSamples, cache, kernelTimer, fresh: rest.fresh },
          onKernelTimes: (record) => kernelTimes = record,
          onNote: (text) => notes.push(text),
        }),
    });
    return {
      notes,
      ask: () => strategy.ask(),
      tell: (ask, trial) => strategy.tell(ask, trial),
      record: async (ending) => ({
        search: await recordOf(strategy, context, { ...ending, objective, minutes }),
        ...(kernelTimes && { kernelTimes }),
      }),
    };
  };
  return runWork(model, data, make, {
    ...{ command: "search()", config: { noiseSamples } },
    ...rest,
    ...{ minutes, objective },
  });
}

/** What a search that ended early did not come to, and what would let it. */
function untried(
  { reach }: SearchStrategy,
  { ended, minutes }: StudyEnding & Pick<SearchRecord, "minutes">,
): string {
  if (ended !== TIME_WAS_UP) return "";
  const more = Math.max(5, Math.ceil(2 * minutes));
  return reach === "int8"
    ? `Other mixes were not measured any more: give it more time (--minutes ${more}).`
    : `int8 kernels were not reached, only weights stored small: --minutes ${more}.`;
}

/** What the search has to tell beside its trials. */
async function recordOf(
  strategy: SearchStrategy,
  { store, experiment }: WorkContext,
  ending: StudyEnding & Pick<SearchRecord, "objective" | "minutes">,
): Promise<SearchRecord> {
  const { winner, front, notes, objective, minutes } = ending;
  const ended = [ending.ended ?? strategy.ended, untried(strategy, ending)].join(" ").trim();
  const { scale } = strategy;
  const earlier = await store.header();
  let decisions = earlier?.winner?.key === winner?.key ? earlier?.search?.decisions ?? [] : [];
  if (winner) {
    const calibration = await experiment.calibration(winner.recipe.base, [])
      .catch(() => undefined); // only an explanation is lost
    const own = strategy.explain(winner.recipe, calibration);
    if (own.length > 0) decisions = own;
  }
  return {
    ...{ objective, minutes, ended, decisions },
    ...{ front: [...front], notes: [...notes] },
    ...(scale !== undefined && { scale }),
  };
}
