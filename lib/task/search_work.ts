import type { Splits } from "../data/split.ts";
import type { Model } from "../onnx/model.ts";
import { transformerParts } from "../passes/transformer_parts.ts";
import { splitOutliers } from "../quantize/outlier_columns.ts";
import { dynamicByDefault } from "../quantize/quantize_dynamic.ts";
import type { OnStep } from "../record/event.ts";
import type { KernelTimesRecord } from "../record/kernel_times_record.ts";
import type { SearchRecord } from "../record/search_record.ts";
import type { Objective } from "../record/objective.ts";
import type { ExactForm } from "../record/recipe.ts";
import { fastestExact } from "../strategy/search/fastest_exact.ts";
import { productAsks } from "../strategy/search/product_asks.ts";
import { SearchStrategy } from "../strategy/search/search_strategy.ts";
import { firstAsks } from "../strategy/search/small_weights.ts";
import type { TrialAsk } from "../study/trial_ask.ts";
import { measureBases, measureSpaces } from "./measure_spaces.ts";
import type { SearchOptions } from "./search_options.ts";
import {
  type StudyEnding,
  type StudyStrategy,
  TIME_WAS_UP,
  type WorkContext,
} from "./study_strategy.ts";
import { type StudyWork, studyWork } from "./study_work.ts";

/** What `search()` does, event by event. */
export function searchWork(
  model: Model,
  data: Splits,
  options: SearchOptions,
  onStep: OnStep,
): StudyWork {
  const { minutes = 10, noiseSamples = 8, objective = "latency", cache, kernelTimer, ...rest } =
    options;
  const making = { minutes, noiseSamples, objective, cache, kernelTimer, fresh: rest.fresh };
  const maker = (context: WorkContext) => searchStrategy(model, making, context);
  return studyWork(model, data, maker, {
    ...{ command: "search()", config: { noiseSamples } },
    ...rest,
    ...{ minutes, objective },
  }, onStep);
}

/** Makes what asks and learns. */
async function searchStrategy(
  model: Model,
  options:
    & Pick<SearchOptions, "cache" | "kernelTimer" | "fresh">
    & Required<Pick<SearchOptions, "minutes" | "noiseSamples" | "objective">>,
  context: WorkContext,
): Promise<StudyStrategy> {
  const { minutes, noiseSamples, objective, cache, kernelTimer, fresh } = options;
  const notes: string[] = [];
  let kernelTimes: KernelTimesRecord | undefined;
  const lowered = await context.forms.get("lowered");
  const measuring = {
    ...{ objective, noiseSamples, cache, kernelTimer, fresh },
    onKernelTimes: (record: KernelTimesRecord) => kernelTimes = record,
    onNote: (text: string) => notes.push(text),
  };
  let measured: ReturnType<typeof measureBases> | undefined;
  const bases = () => measured ??= measureBases(context, measuring);
  const form = lowered === await context.forms.get("fused") ? "fused" : "lowered";
  const strategy = new SearchStrategy({
    budget: {
      ...context.budget,
      ...{ maxCreate: context.maxCreate, maxHeap: context.maxHeap },
      model: { bytes: model.bytes().length },
    },
    objective,
    first: firstAsks(lowered, form),
    products: () => int8Products(lowered, form, context, objective),
    exact: async (kept) => fastestExact((await bases()).at(-1)!, objective, kept),
    spaces: async () => measureSpaces(await bases(), context, measuring),
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
}

/** Most samples on which outlier columns are looked for. */
const OUTLIER_SAMPLES = 16;

/** The int8 products of a transformer, which are tried early; none of other networks. */
async function int8Products(
  model: Model,
  base: ExactForm,
  { data: { calibration }, runtimes: { run: runtime }, signal, onStep }: WorkContext,
  objective: Objective,
): Promise<TrialAsk[]> {
  if (objective !== "latency" || transformerParts(model.graph).size === 0) return [];
  onStep({ step: "calibration", done: 0, of: 1, about: "outlier columns" });
  const count = Math.min(OUTLIER_SAMPLES, calibration.length);
  const samples = await Promise.all(Array.from({ length: count }, (_, i) => calibration.sample(i)));
  const whole = dynamicByDefault(model);
  const split = await splitOutliers(model, whole, samples, { runtime, signal });
  return productAsks(model, base, { whole, split });
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
    : `int8 kernels were not reached, only float32 kernels: --minutes ${more}.`;
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
