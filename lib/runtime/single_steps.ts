import { type Dataset, hashSamples, once } from "../data/dataset.ts";
import type { Model } from "../onnx/model.ts";
import type { Runtime } from "./runtime.ts";
import { runDataset } from "./run_dataset.ts";
import type { Feeds } from "../tensor/tensor.ts";

/**
 * The samples of a data set, each to be run by itself. Steps of a stream get the state that the network
 * has there; others are as they are.
 */
export async function independentSteps(
  dataset: Dataset,
  model: Model,
  runtime: Runtime,
  signal?: AbortSignal,
): Promise<Dataset> {
  if (!dataset.stream) return dataset;
  const steps: Feeds[] = [];
  for await (const { feeds } of runDataset(runtime, model, dataset, signal ? { signal } : {})) {
    steps.push(feeds);
  }
  const { name, length, labels, tokenLabels } = dataset;
  const frozen: Dataset = {
    name,
    length,
    ...(labels && { labels }),
    ...(tokenLabels && { tokenLabels }),
    sample: (index) => steps[index]!,
    hash: once(() => hashSamples(frozen)),
  };
  return frozen;
}
