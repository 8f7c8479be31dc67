import { type Dataset, samples } from "../data/dataset.ts";
import type { Stream } from "../data/stream.ts";
import type { Model } from "../onnx/model.ts";
import type { Feeds, Tensor } from "../tensor/tensor.ts";
import { requireState } from "./require_state.ts";
import type { RunOptions, Runtime } from "./runtime.ts";

/** One run of a network on one sample. */
export interface SampleRun {
  /** What the network was fed, with the state that was fed back. */
  readonly feeds: Feeds;
  readonly results: Readonly<Record<string, Tensor>>;
}

/**
 * Runs a model on every sample of a data set, in order; or on samples as they come.
 *
 * The samples of a stream are run one after another, since each needs the state that the one before
 * it gave; others are shared among the workers of a runtime.
 *
 * @throws {UserError} If a sample does not fit the model's inputs, or a stream's state names what the
 * model does not have.
 */
export async function* runDataset(
  runtime: Runtime,
  model: Model,
  data: Dataset | Iterable<Feeds> | AsyncIterable<Feeds>,
  options: RunOptions = {},
): AsyncGenerator<SampleRun, void, void> {
  const isDataset = "sample" in data;
  if (isDataset && data.stream) return yield* runStream(runtime, model, data, data.stream, options);
  const source = isDataset ? samples(data) : data;
  const queue: Feeds[] = []; // results come in the order of the samples
  for await (const results of runtime.run(model, remember(source, queue), options)) {
    yield { feeds: queue.shift()!, results };
  }
}

/** Feeds back the state from step to step, and begins anew with each sequence. */
async function* runStream(
  runtime: Runtime,
  model: Model,
  data: Dataset,
  stream: Stream,
  options: RunOptions,
): AsyncGenerator<SampleRun, void, void> {
  requireState(stream, model, data.name);
  const state = Object.entries(stream.state);
  const outputs = options.outputs && [...new Set([...options.outputs, ...state.map(([o]) => o)])];
  let index = 0;
  for (const length of stream.lengths) {
    let memory: Record<string, Tensor> = {};
    for (let step = 0; step < length; step++) {
      options.signal?.throwIfAborted();
      const feeds = { ...await data.sample(index), ...memory };
      const results = await runOne(runtime, model, feeds, index, { ...options, outputs });
      memory = Object.fromEntries(state.map(([output, input]) => [input, results[output]!]));
      index++;
      options.onProgress?.(index);
      yield { feeds, results };
    }
  }
}

/** One run; an error of it says which sample it was. */
async function runOne(
  runtime: Runtime,
  model: Model,
  feeds: Feeds,
  index: number,
  { outputs, signal }: RunOptions,
): Promise<Record<string, Tensor>> {
  const options = { outputs, first: index, ...(signal && { signal }) };
  for await (const results of runtime.run(model, [feeds], options)) return results;
  throw new Error(`The runtime gave no result for sample ${index}`);
}

async function* remember(
  source: Iterable<Feeds> | AsyncIterable<Feeds>,
  queue: Feeds[],
): AsyncGenerator<Feeds> {
  for await (const feeds of source) {
    queue.push(feeds);
    yield feeds;
  }
}
