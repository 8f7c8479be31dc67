import { Extractor } from "../onnx/extract.ts";
import type { Model } from "../onnx/model.ts";
import type { SlowLayer } from "../record/recipe.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Feeds } from "../tensor/tensor.ts";
import { workingSetOf } from "./candidates.ts";
import { floatForm, staticForms } from "./forms.ts";
import type { KernelTimes } from "./kernel_times.ts";
import { kernelsOf } from "./kernels.ts";
import { networkFacts } from "./network_facts.ts";
import type { KernelTime } from "./time_kernels.ts";

/** Operators whose int8 form is a choice; what stands between them goes with its neighbours. */
const LAYER = /^(Conv|ConvTranspose|Gemm|MatMul)$/;

/**
 * From where on a kernel is slower beyond doubt: twice what times of kernels differ by from one
 * process to the next under load, and more than the runtime's clock counts in.
 */
const SLOWER = { times: 1.25, ms: 0.01 };

/** Options for {@linkcode slowInt8Layers}. */
export interface SlowInt8Options {
  kernelTimes: KernelTimes;
  runtime: Runtime;
  signal?: AbortSignal;
}

/**
 * The layers of a network whose static int8 kernel is slower beyond doubt than float32's, on this
 * machine: slower even where its neighbours are int8, so that float32 has to change precision on both
 * sides of it, and int8 on none.
 *
 * @param model Float32, with a name for each node, ready to be quantized.
 * @param sample One run's inputs: times hold for their shapes.
 * @returns None where the runtime does not tell times of nodes.
 */
export async function slowInt8Layers(
  model: Model,
  sample: Feeds,
  { kernelTimes, runtime, signal }: SlowInt8Options,
): Promise<SlowLayer[]> {
  const facts = await networkFacts(model, sample, { runtime, signal });
  const { values, optimized } = facts;
  if (!optimized) return [];
  const extractor = new Extractor(facts.model, values);
  const kernels = kernelsOf(facts.model.graph, extractor, values, optimized);
  const compared = kernels
    .filter(({ nodes }) => nodes.some(({ opType }) => LAYER.test(opType)))
    .flatMap(({ nodes }) => {
      const subgraph = extractor.take(nodes);
      const int8 = staticForms(subgraph).map(({ timed }) => timed);
      return int8.length === 0 ? [] : [{ nodes, timed: [floatForm(subgraph).timed, ...int8] }];
    });
  if (compared.length === 0) return [];
  const workingSet = workingSetOf(model, kernels, values);
  const times = await kernelTimes.times(compared.flatMap(({ timed }) => timed), {
    ...{ workingSet, ofAnyDay: true },
  });
  let next = 0;
  return compared.flatMap(({ nodes, timed }): SlowLayer[] => {
    const [float32, ...int8] = times.slice(next, next += timed.length);
    const fastest = int8.reduce((a, b) => b.ms < a.ms ? b : a);
    const float32Ms = float32!.ms + conversionsMs(fastest);
    const isSlow = fastest.ms > SLOWER.times * float32Ms && fastest.ms > float32Ms + SLOWER.ms;
    return isSlow ? [{ nodes: nodes.map(({ name }) => name), int8Ms: fastest.ms, float32Ms }] : [];
  });
}

/** What the changes of precision around a kernel take. */
function conversionsMs({ conversions }: KernelTime): number {
  return conversions.reduce((sum, { ms }) => sum + ms, 0);
}
