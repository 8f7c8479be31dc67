import { type Dataset, slice } from "../data/dataset.ts";
import type { Model } from "../onnx/model.ts";
import type { Feeds } from "../tensor/tensor.ts";
import { runDataset } from "./run_dataset.ts";
import type { Runtime } from "./runtime.ts";

/** Steps of a stream that are looked at, at most. */
const MOST_STEPS = 64;

/**
 * The samples that times are taken with: the first. Of a stream the first sequence's first step and others spread
 * over it, with the state that the network has there: a past grows with each token.
 *
 * @param count Most of them.
 */
export async function timedSamples(
  dataset: Dataset,
  count: number,
  { model, runtime, signal }: {
    readonly model: Model;
    readonly runtime: Runtime;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Feeds[]> {
  const { stream } = dataset;
  if (!stream || count === 0) {
    const length = Math.min(count, dataset.length);
    return await Promise.all(Array.from({ length }, (_, i) => dataset.sample(i)));
  }
  const steps = Math.min(stream.lengths[0]!, MOST_STEPS);
  const wanted = new Set(
    Array.from({ length: count }, (_, i) => Math.round(i * (steps - 1) / Math.max(1, count - 1))),
  );
  const taken: Feeds[] = [];
  let index = 0;
  for await (const { feeds } of runDataset(runtime, model, slice(dataset, 0, steps), { signal })) {
    if (wanted.has(index++)) taken.push(feeds);
  }
  return taken;
}
