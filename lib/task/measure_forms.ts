import { z } from "zod";
import { fastConvs } from "../cost/fast_convs.ts";
import { fullestSample } from "../cost/fullest_sample.ts";
import { type KernelTimer, KernelTimes } from "../cost/kernel_times.ts";
import { slowInt8Layers } from "../cost/slow_int8.ts";
import { contentKey } from "../record/json.ts";
import type { KernelTimesRecord } from "../record/kernel_times_record.ts";
import { finiteRatios } from "../record/load_ratios.ts";
import type { SlowLayer } from "../record/recipe.ts";
import { slowLayer, winogradForm } from "../record/recipe_schema.ts";
import { kernelTimesRecord } from "../record/study_schema.ts";
import type { MeasuredForms, NamedForm } from "../strategy/sweep/grid.ts";
import type { WorkContext } from "./study_strategy.ts";

/** Options for {@linkcode measureForms}. */
export interface MeasureFormsOptions {
  /** Where measured times of kernels are kept for the next time; false: nowhere. @default {the user's cache folder} */
  cache?: string | false;
  /** Measures kept times again, and keeps those in their place. */
  fresh?: boolean;
  /** What times the forms of kernels. @default {the runtime's own clock} */
  kernelTimer?: KernelTimer;
}

const measured = z.strictObject({
  slow: z.record(z.string(), z.array(slowLayer)),
  convs: z.record(z.string(), winogradForm),
  kernelTimes: kernelTimesRecord,
});

/**
 * The layers of each exact form of a network that int8 slows, and what Convs of the lowered form are fastest
 * written as, as measured when the study began: a study that is continued, within the same limits and in the same binary, finds in its store what was measured then, so that its trials stay what they are.
 */
export async function measureForms(
  { forms, data, experiment, runtimes, store, signal, onStep, maxCreate, maxHeap }: WorkContext,
  names: readonly NamedForm[],
  options: MeasureFormsOptions = {},
): Promise<Required<MeasuredForms> & { kernelTimes: KernelTimesRecord }> {
  const ratios = { maxCreate, maxHeap };
  const { binary = "plain" } = await runtimes.time.environment();
  const content = {
    model: await forms.model.hash(),
    data: await data.selection.hash(),
    limits: finiteRatios(ratios),
    ...(binary !== "plain" && { binary }), // what is fastest in one is not in another
  };
  const document = `forms of layers ${contentKey(content)}`;
  const stored = await store.document(document);
  if (stored !== undefined) return measured.parse(stored);
  await experiment.baseline("selection"); // says what is wrong with the network or the samples
  onStep({ step: "timing kernels", done: 0, of: 1 });
  const kernelTimes = await KernelTimes.open(runtimes.time, {
    ...{ ...options, signal },
    onProgress: (done, of) => onStep({ step: "timing kernels", done, of }),
  });
  const context = { runtime: runtimes.run, signal };
  const sample = await fullestSample(forms.fused, data.selection, context);
  const slow: Partial<Record<NamedForm, SlowLayer[]>> = {};
  for (const name of names) {
    slow[name] = await slowInt8Layers(await forms.get(name), sample, { kernelTimes, ...context });
  }
  const convs = await fastConvs(await forms.get("lowered"), sample, {
    ...{ kernelTimes, ...context },
    ratios,
  });
  const found = { slow, convs, kernelTimes: kernelTimes.record };
  await store.putDocument(document, found);
  return found;
}
