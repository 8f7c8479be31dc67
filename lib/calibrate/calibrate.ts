import { UserError } from "../errors.ts";
import { type Dataset, samples, slice } from "../data/dataset.ts";
import type { Model } from "../onnx/model.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { runDataset, type SampleRun } from "../runtime/run_dataset.ts";
import { withRuntime } from "../runtime/own_runtime.ts";
import type { Feeds, Tensor } from "../tensor/tensor.ts";
import type { Calibration } from "./calibration.ts";
import { addValues, emptyStatistics, type TensorStatistics } from "./statistics.ts";

/**
 * What is calibrated: a model with taps, and the tensors to watch. See {@linkcode prepare}.
 * @category Observers (advanced)
 */
export interface Watched {
  /** The network, with every tensor to watch among its outputs. */
  readonly model: Model;
  /** Names of the tensors to watch. */
  readonly tensors: readonly string[];
  /**
   * Those of the tensors whose channels are watched too, each with the axis of the channels;
   * negative counts from the end. @default {none}
   */
  readonly channelAxes?: ReadonlyMap<string, number>;
}

/**
 * Options for {@linkcode calibrate}.
 * @category Steps
 */
export interface CalibrateOptions {
  /** Most samples to run; the rest are left alone. @default {Infinity} */
  maxSamples?: number;
  /** Runs the network. @default {one in this thread} */
  runtime?: Runtime;
  /** Ends the work early: the promise is then rejected with the signal's reason. */
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
 * @throws {UserError} If there is no sample, or a watched tensor turns NaN: it names the tensor and
 * the sample.
 * @example
 * ```ts
 * import { calibrate, float32Tensor, prepare, qconfigMapping, staticInt8 } from "octavo";
 * import { parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const model = parseModel(`
 *   input x float32[N, 2]
 *   output y float32[N, 1]
 *   tensor w float32[2, 1] = [0.5, -1.0]
 *   y = Gemm(x, w)`);
 * const prepared = prepare(model, qconfigMapping({ default: staticInt8() }));
 * const { statistics } = await calibrate(prepared, [{ x: float32Tensor([1, 2], [1, 4]) }]);
 * const { min, max } = statistics.get("x")!;
 * assert.deepEqual([min, max], [1, 4]);
 * ```
 * @category Steps
 */
export async function calibrate(
  watched: Watched,
  data: Dataset | Iterable<Feeds> | AsyncIterable<Feeds>,
  options: CalibrateOptions = {},
): Promise<Calibration> {
  return await watch(watched, data, options, () => {});
}

/**
 * What calibration on the first samples alone would see, for several numbers of samples, from one
 * run: to find how few are enough.
 *
 * @param sizes Numbers of samples, in any order.
 * @returns One calibration for each size, in the order of the sizes.
 * @throws {UserError} As {@linkcode calibrate} does, and if there are fewer samples than a size.
 * @example
 * ```ts
 * import { arrays, calibrateSizes, float32Tensor, prepare, qconfigMapping, staticInt8 } from "octavo";
 * import { parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const model = parseModel(`
 *   input x float32[N, 2]
 *   output y float32[N, 1]
 *   tensor w float32[2, 1] = [0.5, -1.0]
 *   y = Gemm(x, w)`);
 * const prepared = prepare(model, qconfigMapping({ default: staticInt8() }));
 * const data = arrays({ x: float32Tensor([3, 2], [1, 4, 2, 5, 3, 6]) });
 * const [few, all] = await calibrateSizes(prepared, data, [1, 3]);
 * assert.deepEqual([few, all].map((seen) => seen!.statistics.get("x")!.max), [4, 6]);
 * ```
 * @category Steps
 */
export async function calibrateSizes(
  watched: Watched,
  data: Dataset | Iterable<Feeds> | AsyncIterable<Feeds>,
  sizes: readonly number[],
  options: Omit<CalibrateOptions, "maxSamples"> = {},
): Promise<Calibration[]> {
  const found = new Map<number, Calibration>();
  const maxSamples = Math.max(...sizes);
  const { samples } = await watch(watched, data, { ...options, maxSamples }, (calibration) => {
    // The arrays of statistics are re-used by the next sample.
    if (sizes.includes(calibration.samples)) {
      found.set(calibration.samples, structuredClone(calibration));
    }
  });
  return sizes.map((size) => {
    const calibration = found.get(size);
    if (calibration) return calibration;
    throw new UserError(
      `Cannot calibrate ${watched.model.name} on ${size} samples: ` +
        (size > samples ? `there are only ${samples}` : `it takes a whole number from 1`),
    );
  });
}

/** @param onSample Shown what was seen up to each sample; valid until the next. */
async function watch(
  watched: Watched,
  data: Dataset | Iterable<Feeds> | AsyncIterable<Feeds>,
  options: CalibrateOptions,
  onSample: (calibration: Calibration) => void,
): Promise<Calibration> {
  const { maxSamples = Infinity, runtime, signal, onProgress } = options;
  const { model, tensors, channelAxes } = watched;
  const statistics = new Map<string, TensorStatistics>(
    tensors.map((name) => [name, emptyStatistics()]),
  );
  const fed = new Set(model.graph.input.map(({ name }) => name));
  const outputs = tensors.filter((name) => !fed.has(name));
  let done = 0;
  const observe = ({ feeds, results }: SampleRun) => {
    for (const name of tensors) {
      const seen = statistics.get(name)!;
      const tensor = feeds[name] ?? results[name];
      statistics.set(name, add(seen, tensor, name, done, model, channelAxes?.get(name)));
    }
    done++;
    onSample({ samples: done, statistics });
    onProgress?.(done);
  };

  const taken = isDataset(data) ? slice(data, 0, maxSamples) : take(data, maxSamples);
  if (outputs.length === 0 && !(isDataset(taken) && taken.stream)) {
    const source = isDataset(taken) ? samples(taken) : taken;
    for await (const feeds of source) observe({ feeds, results: {} });
  } else {
    await withRuntime(runtime, { workers: 0 }, async (runtime) => {
      const runs = runDataset(runtime, model, taken, { outputs, signal });
      for await (const run of runs) observe(run);
    });
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
  tensor: Tensor | undefined,
  name: string,
  sample: number,
  model: Model,
  axis: number | undefined,
): TensorStatistics {
  const what = () => {
    const maker = model.graph.node.find(({ output }) => output.includes(name));
    const where = maker
      ? `tensor "${name}", made by ${maker.opType} node "${maker.name}",`
      : `input "${name}"`;
    return `Cannot calibrate ${model.name}: in sample ${sample}, ${where}`;
  };
  if (!tensor) throw new UserError(`${what()} is missing`);
  const { dims, type } = tensor;
  if (type !== "float32") {
    throw new UserError(`${what()} is ${type}; only float32 tensors have a range to be quantized`);
  }
  const values = tensor.data as Float32Array;
  try {
    return addValues(statistics, values, axis === undefined ? undefined : { dims, axis });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    if (error.cause === undefined) throw new UserError(`${what()}: ${error.message}`);
    throw new UserError(
      `${what()} holds ${values[error.cause as number]} at index ${error.cause}; ` +
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
