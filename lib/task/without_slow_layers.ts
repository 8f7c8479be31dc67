import { fullestSample } from "../cost/fullest_sample.ts";
import { type KernelTimer, KernelTimes } from "../cost/kernel_times.ts";
import { slowInt8Layers } from "../cost/slow_int8.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Model } from "../onnx/model.ts";
import type { QConfigMapping } from "../quantize/mapping.ts";
import { weightOnly } from "../quantize/qconfig.ts";
import { slowUnder, withoutSlow } from "../quantize/slow_layers.ts";
import { kernelTimesNote } from "../record/kernel_times_record.ts";
import type { SlowLayer } from "../record/recipe.ts";
import { plural } from "../report/format.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** Options for {@linkcode withoutSlowLayers}. */
export interface WithoutSlowOptions {
  runtime: Runtime;
  /** Measures kept times of kernels again, and keeps those in their place. @default {false} */
  fresh?: boolean;
  /** What times the kernels. @default {the runtime's own clock} */
  kernelTimer?: KernelTimer;
  /** Where their times are kept; false: nowhere. @default {the user's cache folder} */
  cache?: string | false;
  signal?: AbortSignal;
  /** Called with what is being done. */
  onProgress?: (step: string) => void;
}

/** A mapping that leaves in float32 what int8 slows. */
export interface PlacedByTime {
  readonly mapping: QConfigMapping;
  /** What it leaves. */
  readonly slow: readonly SlowLayer[];
  /** What is to be said of it, in sentences. */
  readonly notes: readonly string[];
}

/**
 * Looks at the measured kernels before a network is placed: layers that a mapping would make static
 * int8, and whose int8 kernel is slower than float32's beyond doubt, get float32 kernels and weights
 * stored small.
 *
 * @param fused The float32 network.
 * @param data Times hold for the shapes of its samples.
 */
export async function withoutSlowLayers(
  fused: Model,
  mapping: QConfigMapping,
  data: Dataset,
  options: WithoutSlowOptions,
): Promise<PlacedByTime> {
  const { onProgress = () => {}, runtime, signal, ...rest } = options;
  onProgress("timing kernels");
  const sample = await fullestSample(fused, data, { runtime, signal });
  const kernelTimes = await KernelTimes.open(runtime, {
    ...{ ...rest, signal },
    onProgress: (done, all) => onProgress(`timing kernels: ${done} of ${all}`),
  });
  const found = await slowInt8Layers(fused, sample, { kernelTimes, runtime, signal });
  const slow = slowUnder(fused.graph, mapping, found);
  const { record } = kernelTimes;
  const [layers, are] = [plural(slow.length, "layer"), slow.length === 1 ? "is" : "are"];
  return {
    mapping: withoutSlow(mapping, slow, weightOnly()),
    slow,
    notes: [
      ...(slow.length > 0
        ? [
          `${layers} whose int8 kernel is slower here ${are} computed in float32, with weights ` +
          "stored in int8. `--kernels any` insists on int8 kernels.",
        ]
        : []),
      ...(record.measured + record.taken > 0 ? [kernelTimesNote(record)] : []),
    ],
  };
}
