import { UserError } from "../errors.ts";
import { type Dataset, samples } from "../data/dataset.ts";
import type { Model } from "../onnx/model.ts";
import type { Pool } from "../runtime/pool.ts";
import { openSession } from "../runtime/session.ts";
import type { Feeds, Tensor } from "../tensor/tensor.ts";
import type { Calibration } from "./calibration.ts";
import { addValues, emptyStatistics, type TensorStatistics } from "./statistics.ts";

/** What is calibrated: a model with taps, and the tensors to watch. See {@linkcode prepare}. */
export interface Watched {
  readonly model: Model;
  readonly tensors: readonly string[];
}

/** Options for {@linkcode calibrate}. */
export interface CalibrateOptions {
  /** Most samples to run; the rest are left alone. @default {Infinity} */
  maxSamples?: number;
  /** Workers to share the runs. @default {none: a session of its own} */
  pool?: Pool;
  signal?: AbortSignal;
  /** Called after each sample with the number of samples done. */
  onProgress?: (done: number) => void;
}

/**
 * Runs the calibration samples through the network once and remembers of every watched tensor what
 * observers need, whichever and however many they are. The memory it takes depends on the number of
 * tensors, not of samples.
 *
 * @param watched What `prepare()` returned.
 * @param data A data set, or samples as they come, each with the inputs of one run.
 * @throws {UserError} If there is no sample, or a watched tensor turns NaN or infinite: it names
 * the tensor and the sample.
 */
export async function calibrate(
  watched: Watched,
  data: Dataset | Iterable<Feeds> | AsyncIterable<Feeds>,
  options: CalibrateOptions = {},
): Promise<Calibration> {
  const { maxSamples = Infinity, pool, signal, onProgress } = options;
  const { model, tensors } = watched;
  const statistics = new Map<string, TensorStatistics>(
    tensors.map((name) => [name, emptyStatistics()]),
  );
  const fed = new Set(model.graph.input.map(({ name }) => name));
  const outputs = tensors.filter((name) => !fed.has(name));
  let done = 0;
  const observe = (feeds: Feeds, results: Readonly<Record<string, Tensor>>) => {
    for (const name of tensors) {
      const { data } = (feeds[name] ?? results[name])!;
      statistics.set(name, add(statistics.get(name)!, data as Float32Array, name, done, model));
    }
    done++;
    onProgress?.(done);
  };

  const taken = take(isDataset(data) ? samples(data) : data, maxSamples);
  if (outputs.length === 0) {
    for await (const feeds of taken) observe(feeds, {});
  } else if (pool) {
    const queue: Feeds[] = []; // results come in the order of the samples
    const fedSamples = tee(taken, (feeds) => queue.push(feeds));
    for await (const results of pool.run(model, fedSamples, { outputs, signal })) {
      observe(queue.shift()!, results);
    }
  } else {
    const session = await openSession(model);
    try {
      for await (const feeds of taken) {
        signal?.throwIfAborted();
        observe(feeds, await session.run(feeds, outputs));
      }
    } finally {
      await session.release();
    }
  }
  if (done === 0) {
    throw new UserError(
      `Cannot calibrate ${model.name}: there are no calibration samples; ` +
        `pass at least one, better a hundred`,
    );
  }
  return { samples: done, statistics };
}

function add(
  statistics: TensorStatistics,
  values: Float32Array,
  name: string,
  sample: number,
  model: Model,
): TensorStatistics {
  try {
    return addValues(statistics, values);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const maker = model.graph.node.find(({ output }) => output.includes(name));
    const where = maker
      ? `tensor "${name}", made by ${maker.opType} node "${maker.name}",`
      : `input "${name}"`;
    throw new UserError(
      `Cannot calibrate ${model.name}: in sample ${sample}, ${where} holds ` +
        `${values[error.cause as number]} at index ${error.cause}; ` +
        `check the sample and its normalisation, or keep the node in float32`,
    );
  }
}

function isDataset(data: Dataset | Iterable<Feeds> | AsyncIterable<Feeds>): data is Dataset {
  return "sample" in data;
}

/** The first `count` elements. */
async function* take<T>(source: Iterable<T> | AsyncIterable<T>, count: number): AsyncGenerator<T> {
  let taken = 0;
  if (count <= 0) return;
  for await (const element of source) {
    yield element;
    if (++taken >= count) return;
  }
}

/** Passes elements on, showing each to `see` first. */
async function* tee<T>(source: AsyncIterable<T>, see: (element: T) => void): AsyncGenerator<T> {
  for await (const element of source) {
    see(element);
    yield element;
  }
}
