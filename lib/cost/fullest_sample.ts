import type { Dataset } from "../data/dataset.ts";
import { shapesOf } from "../data/first_samples.ts";
import type { Model } from "../onnx/model.ts";
import { tensorsMade } from "../onnx/non_tensors.ts";
import { withOutputs } from "../onnx/outputs.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Feeds } from "../tensor/tensor.ts";

/** Samples that are looked at, at most. */
const MOST = 16;

/**
 * Of the samples that have the shapes of the first, that in which the fewest values are empty: what a
 * detector computes on its boxes takes no time where it found none. The first, wherever it will do.
 */
export async function fullestSample(
  model: Model,
  samples: Dataset | readonly Feeds[],
  { runtime, signal }: { readonly runtime: Runtime; readonly signal?: AbortSignal },
): Promise<Feeds> {
  const tapped = withOutputs(model, tensorsMade(model.graph));
  const sampleAt = async (i: number) => "sample" in samples ? await samples.sample(i) : samples[i]!;
  const first = await sampleAt(0);
  const shapes = JSON.stringify(shapesOf(first));
  let best = first;
  let fewest = Infinity;
  for (let i = 0; i < Math.min(MOST, samples.length) && fewest > 0; i++) {
    const feeds = await sampleAt(i);
    if (JSON.stringify(shapesOf(feeds)) !== shapes) continue;
    const options = { optimization: "disabled", first: i, ...(signal && { signal }) } as const;
    for await (const results of runtime.run(tapped, [feeds], options)) {
      const empty = Object.values(results).filter(({ data }) => data.length === 0).length;
      if (empty < fewest) [best, fewest] = [feeds, empty];
    }
  }
  return best;
}
