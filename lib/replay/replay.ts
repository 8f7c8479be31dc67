import type { Dataset } from "../data/dataset.ts";
import { bytesOf, shareTensor } from "../data/shared.ts";
import { toNumbers } from "../evaluate/classes.ts";
import type { Model } from "../onnx/model.ts";
import { nonTensors } from "../onnx/non_tensors.ts";
import type { ValueInfoProto } from "../onnx/onnx_pb.ts";
import { freezeRandom } from "../passes/freeze_random.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Feeds, Tensor } from "../tensor/tensor.ts";
import { withOutputs } from "../onnx/outputs.ts";
import { type CutModel, cutModel, cutsOf } from "./cuts.ts";

/**
 * Options for {@linkcode Replay.open}.
 * @category Measuring (advanced)
 */
export interface ReplayOptions {
  /** Most bytes of values that are kept at a time, one sample's excepted. @default {384e6} */
  maxBytes?: number;
  /** Ends the work early: the promise is then rejected with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * A network that differs in some nodes from the one that is replayed.
 * @category Measuring (advanced)
 */
export interface Variant {
  /** What tells it from others. */
  readonly key: string;
  /** Makes it, when its turn comes: not all of them have to be in memory. */
  readonly make: () => Model | Promise<Model>;
}

/**
 * What a variant gave for some samples.
 * @category Measuring (advanced)
 */
export interface Replayed<V extends Variant = Variant> {
  /** The variant. */
  readonly variant: V;
  /** Indices of the samples. */
  readonly samples: readonly number[];
  /** All outputs of the network, for each of the samples; empty if it failed. */
  readonly results: readonly Readonly<Record<string, Tensor>>[];
  /** The same of the network that is replayed. */
  readonly unchanged: readonly Readonly<Record<string, Tensor>>[];
  /** Why it could not be run, if so. */
  readonly error?: Error;
}

/** Bytes of cut models that are kept for the next samples. */
const KEPT_MODELS = 64e6;

/**
 * Runs variants of a network on samples, each only from where it differs: what its nodes read of the
 * rest is taken from a run of the network itself. To change the last layer then costs the last layer.
 *
 * Results are those of the whole variant: the kernels are deterministic, and the network is cut only
 * where the runtime fuses nothing. {@linkcode Replay.check} compares.
 *
 * ```ts ignore
 * const replay = await Replay.open(float32, data.selection, runtime);
 * const variants = layers.map((layer) => ({ key: layer.name, make: () => onlyInt8(layer) }));
 * for await (const { variant, samples, results } of replay.run([0, 1, 2, 3], variants)) { ... }
 * ```
 * @example
 * ```ts
 * import { arrays, float32Tensor, openRuntime } from "octavo";
 * import { parseModel, Replay, type Variant } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const text = (last: string) => `
 *   input x float32[N, 1]
 *   output y float32[N, 1]
 *   r = Exp(x) @ first
 *   y = ${last}(r) @ last`;
 * const data = arrays({ x: float32Tensor([2, 1], [0, 0]) });
 * await using runtime = openRuntime({ workers: 1 });
 * const replay = await Replay.open(parseModel(text("Neg")), data, runtime);
 * const variants: Variant[] = [{ key: "last", make: () => parseModel(text("Abs")) }];
 * for await (const { results, unchanged } of replay.run([0, 1], variants)) {
 *   assert.equal(results[0]!.y!.data[0], 1);
 *   assert.equal(unchanged[0]!.y!.data[0], -1);
 * }
 * ```
 * @category Measuring (advanced)
 */
export class Replay {
  /** The unchanged network. */
  readonly base: Model;
  /** What it runs on. */
  readonly dataset: Dataset;
  /** What runs it. */
  readonly runtime: Runtime;
  /** Tensors at which the network may be cut. */
  readonly #cuts: ReadonlyMap<string, ValueInfoProto>;
  readonly #maxBytes: number;
  readonly #signal: AbortSignal | undefined;
  readonly #tapped: Model;
  /** Names of its outputs, those that are tensors. */
  readonly #outputs: readonly string[];
  /** Bytes of the values of one sample, once one was run. */
  #sampleBytes: number | undefined;
  /** Values of the unchanged network by sample. */
  #values = new Map<number, Feeds>();
  /** Cut models by variant, the least recently used first. */
  readonly #models = new Map<string, CutModel>();

  private constructor(
    base: Model,
    dataset: Dataset,
    runtime: Runtime,
    cuts: ReadonlyMap<string, ValueInfoProto>,
    { maxBytes = 384e6, signal }: ReplayOptions,
  ) {
    this.base = base;
    this.dataset = dataset;
    this.runtime = runtime;
    this.#cuts = cuts;
    this.#maxBytes = maxBytes;
    this.#signal = signal;
    this.#tapped = withOutputs(base, cuts.keys());
    const others = nonTensors(base.graph);
    this.#outputs = base.graph.output.map(({ name }) => name).filter((name) => !others.has(name));
  }

  /**
   * Looks where a network can be cut. Where this build of the runtime does not tell what it fuses, it
   * cannot be, and variants run as a whole.
   *
   * @param base In an opset that can be quantized, see `networkFacts()`, so that variants share its nodes.
   * @param dataset Samples, each of which is run by itself: of a stream, from the state that it holds.
   */
  static async open(
    base: Model,
    dataset: Dataset,
    runtime: Runtime,
    options: ReplayOptions = {},
  ): Promise<Replay> {
    const frozen = freezeRandom(base); // what is compared gets the same noise
    return new Replay(frozen, dataset, runtime, await cutsOf(frozen, runtime), options);
  }

  /**
   * Runs variants on some samples, several variants at a time; what they give comes as it is there, in
   * parts if the samples do not fit into memory. A variant that fails says so in its place, and the
   * others go on.
   *
   * @param wants Which of the samples a variant is to be run on. @default {all}
   * @throws The signal's reason, if it was stopped.
   * @throws {UserError} If a sample does not fit the network.
   */
  async *run<V extends Variant>(
    samples: readonly number[],
    variants: readonly V[],
    wants: (variant: V, sample: number) => boolean = () => true,
  ): AsyncGenerator<Replayed<V>, void, void> {
    if (variants.length === 0) return;
    for (let start = 0; start < samples.length;) {
      const chunk = samples.slice(start, start + await this.#room(samples[start]!));
      start += chunk.length;
      const values = await this.#load(chunk);
      const tasks = variants.map((variant) => ({
        variant,
        places: chunk.flatMap((sample, i) => wants(variant, sample) ? [i] : []),
      })).filter(({ places }) => places.length > 0);
      const spread = tasks.length < this.runtime.about.workers;
      // One more than there are workers is made ready meanwhile.
      yield* atATime(this.runtime.about.workers + 1, tasks, ({ variant, places }) => {
        const own = places.map((i) => chunk[i]!);
        return this.#runOne(variant, own, places.map((i) => values[i]!), spread);
      });
    }
  }

  /** What the unchanged network gives for samples. */
  async outputs(samples: readonly number[]): Promise<Readonly<Record<string, Tensor>>[]> {
    const names = this.#outputs;
    const outputs: Record<string, Tensor>[] = [];
    for (let start = 0; start < samples.length;) {
      const chunk = samples.slice(start, start + await this.#room(samples[start]!));
      start += chunk.length;
      outputs.push(...(await this.#load(chunk)).map((values) => pick(values, names)));
    }
    return outputs;
  }

  /**
   * Largest distance of what a variant gives from where it is cut to what it gives as a whole, as a
   * share of the largest value of that output; 0 if they are equal to the bit.
   */
  async check(variant: Variant, sample: number): Promise<number> {
    const values = await this.#load([sample]);
    const { results: [own], error } = await this.#runOne(variant, [sample], values, false);
    if (error) throw error;
    const whole = freezeRandom(await variant.make());
    const feeds = [await this.dataset.sample(sample)];
    const options = this.#signal ? { signal: this.#signal } : {};
    for await (const results of this.runtime.run(whole, feeds, options)) {
      return Math.max(...Object.keys(results).map((name) => distance(results[name]!, own![name]!)));
    }
    return 0;
  }

  /** Number of samples whose values fit into memory. */
  async #room(sample: number): Promise<number> {
    if (this.#sampleBytes === undefined) {
      const [values] = await this.#load([sample]);
      this.#sampleBytes = Object.values(values!)
        .reduce((sum, tensor) => sum + bytesOf(tensor).length, 0);
    }
    return Math.max(1, Math.floor(this.#maxBytes / this.#sampleBytes));
  }

  /** Values of the unchanged network for samples; those of all others are let go. */
  async #load(samples: readonly number[]): Promise<Feeds[]> {
    this.#values = new Map([...this.#values].filter(([index]) => samples.includes(index)));
    const missing = samples.filter((index) => !this.#values.has(index));
    const feeds = await Promise.all(missing.map((index) => this.dataset.sample(index)));
    const options = this.#signal ? { signal: this.#signal } : {};
    let i = 0;
    for await (const results of this.runtime.run(this.#tapped, feeds, options)) {
      const all = Object.entries({ ...feeds[i]!, ...results });
      this.#values.set(
        missing[i]!,
        Object.fromEntries(all.map(([name, value]) => [name, shareTensor(value)])),
      );
      i++;
    }
    return samples.map((index) => this.#values.get(index)!);
  }

  /** @param spread Whether the samples are to be shared among the workers. */
  async #runOne<V extends Variant>(
    variant: V,
    samples: readonly number[],
    values: readonly Feeds[],
    spread: boolean,
  ): Promise<Replayed<V>> {
    const names = this.#outputs;
    const unchanged = values.map((all) => pick(all, names));
    try {
      const { model, suffix: { reads, outputs } } = await this.#cut(variant);
      const results: Record<string, Tensor>[] = unchanged.map((all) => ({ ...all }));
      if (outputs.length > 0) {
        const inARow = Math.ceil(samples.length / (spread ? this.runtime.about.workers : 1));
        const options = { inARow, ...(this.#signal && { signal: this.#signal }) };
        let i = 0;
        const feeds = values.map((all) => pick(all, reads));
        for await (const own of this.runtime.run(model, feeds, options)) {
          Object.assign(results[i++]!, own);
        }
      }
      return { variant, samples, results, unchanged };
    } catch (error) {
      if (this.#signal?.aborted) throw error;
      return { variant, samples, results: [], unchanged: [], error: error as Error };
    }
  }

  /** What has to run of a variant. */
  async #cut(variant: Variant): Promise<CutModel> {
    const { key } = variant;
    const cut = this.#models.get(key) ??
      cutModel(this.base, freezeRandom(await variant.make()), this.#cuts);
    this.#models.delete(key);
    this.#models.set(key, cut);
    let bytes = [...this.#models.values()].reduce(
      (sum, { model }) => sum + model.bytes().length,
      0,
    );
    for (const [key, { model }] of this.#models) {
      if (bytes <= KEPT_MODELS) break;
      bytes -= model.bytes().length;
      this.#models.delete(key);
    }
    return cut;
  }
}

/** Does something for each of some things, so many at a time; what comes of it, as it comes. */
async function* atATime<T, R>(
  count: number,
  things: readonly T[],
  task: (thing: T) => Promise<R>,
): AsyncGenerator<R, void, void> {
  const waiting = things.values();
  const running = new Map<number, Promise<{ id: number; result: R }>>();
  let last = 0;
  const begin = () => {
    const { value, done } = waiting.next();
    if (done) return;
    const id = ++last;
    const run = task(value).then((result) => ({ id, result }));
    run.catch(() => {}); // seen when its turn comes, if it comes
    running.set(id, run);
  };
  for (let i = 0; i < count; i++) begin();
  while (running.size > 0) {
    const { id, result } = await Promise.race(running.values());
    running.delete(id);
    begin();
    yield result;
  }
}

function pick(values: Feeds, names: readonly string[]): Record<string, Tensor> {
  return Object.fromEntries(names.map((name) => [name, values[name]!]));
}

function distance(a: Tensor, b: Tensor): number {
  const [x, y] = [toNumbers(a), toNumbers(b)];
  let [largest, apart] = [0, 0];
  for (let i = 0; i < x.length; i++) {
    largest = Math.max(largest, Math.abs(x[i]!));
    apart = Math.max(apart, Math.abs(x[i]! - y[i]!));
  }
  return apart === 0 ? 0 : apart / largest;
}
