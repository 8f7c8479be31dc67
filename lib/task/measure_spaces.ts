import { type Base, measureExactForms } from "../cost/exact_forms.ts";
import { fullestSample } from "../cost/fullest_sample.ts";
import { type KernelTimer, KernelTimes } from "../cost/kernel_times.ts";
import { fuse } from "../passes/fuse.ts";
import type { KernelTimesRecord } from "../record/kernel_times_record.ts";
import type { Objective } from "../record/objective.ts";
import { contentKey } from "../record/json.ts";
import { measureLayerNoise, type Sensitivities, sensitivities } from "../replay/layer_noise.ts";
import { Replay } from "../replay/replay.ts";
import { independentSteps } from "../runtime/single_steps.ts";
import { noiseCurve, outputsRead } from "../strategy/search/noise_to_drop.ts";
import { roundable } from "../strategy/search/roundings.ts";
import type { MeasuredSpaces } from "../strategy/search/search_strategy.ts";
import { sensitivityAsks } from "../strategy/search/sensitivity_asks.ts";
import { type SearchSpace, searchSpace } from "../strategy/search/space.ts";
import type { WorkContext } from "./study_strategy.ts";

/** Options for {@linkcode measureSpaces}. */
export interface MeasureSpacesOptions {
  objective: Objective;
  /** Samples that the noise of layers is measured on, at most. */
  noiseSamples: number;
  /** Where measured times of kernels are kept for the next time; false: nowhere. @default {the user's cache folder} */
  cache?: string | false;
  /** What times the forms of kernels. @default {the runtime's own clock} */
  kernelTimer?: KernelTimer;
  /** Measures kept times again, and keeps those in their place. */
  fresh?: boolean;
  /** Told where the times of kernels came from. */
  onKernelTimes: (record: KernelTimesRecord) => void;
  /** Told what could not be measured, in sentences. */
  onNote: (note: string) => void;
}

/** What tells of the measurement of kernels, and how to keep it. */
type BaseOptions = Pick<
  MeasureSpacesOptions,
  "cache" | "kernelTimer" | "fresh" | "onKernelTimes"
>;

/** Share of the time that may go into finding out what each observer does to each tensor. */
const NOISE_SHARE = 0.25;

/** The exact forms of a network, with what each form of each kernel takes on this machine. */
export async function measureBases(context: WorkContext, options: BaseOptions): Promise<Base[]> {
  const { subject: { network }, data, runtimes, signal, onStep } = context;
  const { cache, fresh, kernelTimer } = options;
  onStep({ step: "timing kernels", done: 0, of: 1 });
  const kernelTimes = await KernelTimes.open(runtimes.time, {
    ...{ cache, fresh, kernelTimer, signal },
    onProgress: (done, of) => onStep({ step: "timing kernels", done, of }),
  });
  const sample = await fullestSample(fuse(network), data.selection, {
    runtime: runtimes.run,
    signal,
  });
  const bases = await measureExactForms(network, sample, {
    ...{ kernelTimes, runtime: runtimes.run, signal },
    ratios: context,
  });
  options.onKernelTimes(kernelTimes.record);
  return bases;
}

/**
 * Measures what a search chooses by besides times: what noise each form of each kernel brings to the
 * outputs by itself, and what noise costs in the metric.
 */
export async function measureSpaces(
  bases: readonly Base[],
  context: WorkContext,
  options: MeasureSpacesOptions,
): Promise<MeasuredSpaces> {
  const { data, metric, experiment } = context;
  const baseline = await experiment.baseline("selection");
  const results = baseline.results ? baseline : { ...baseline, results: [] };
  const outputs = outputsRead(results, metric, data.selection);
  const curve = noiseCurve(results, metric, outputs, data.selection);
  const spaces: SearchSpace[] = [];
  let found: Sensitivities | undefined;
  for (const base of bases) {
    experiment.watch(base.form, roundable(base));
    found = await layerNoiseOf(base, outputs, found, context, options);
    spaces.push(searchSpace(base, found, options.objective));
  }
  return { spaces, curve, outputs: outputs.length };
}

/** The noise of layers of a base, from the store if it is there. */
async function layerNoiseOf(
  base: Base,
  outputs: readonly string[],
  known: Sensitivities | undefined,
  context: WorkContext,
  { objective, noiseSamples, onNote }: MeasureSpacesOptions,
): Promise<Sensitivities> {
  const { data: { selection }, experiment, runtimes, store, signal, msLeft, onStep } = context;
  const { network: { model } } = base;
  const asks = sensitivityAsks(base, outputs, { int4: objective !== "latency" });
  const content = {
    model: await model.hash(),
    data: await selection.hash(),
    outputs: [...outputs],
    samples: noiseSamples,
    int4: objective !== "latency",
  };
  const document = `noise of layers ${contentKey(content)}`;
  const stored = await store.document(document);
  if (stored !== undefined) return sensitivities.parse(stored);
  const lateAt = performance.now() + NOISE_SHARE * msLeft();
  const calibration = await experiment.calibration(base.form, roundable(base));
  onStep({ step: "noise of layers", done: 0, of: 1 });
  const steps = await independentSteps(selection, model, runtimes.run, signal);
  const replay = await Replay.open(model, steps, runtimes.run, { signal });
  const { sensitivities: found, notes } = await measureLayerNoise(asks, replay, calibration, {
    ...{ samples: noiseSamples, known },
    isLate: () => performance.now() > lateAt,
    onProgress: (done) => onStep({ step: "noise of layers", done, of: 1 }),
  });
  notes.forEach(onNote);
  await store.putDocument(document, found);
  return found;
}
