import type { Model } from "../../onnx/model.ts";
import type { Feeds, Tensor } from "../../tensor/tensor.ts";
import type {
  RunOptions,
  Runtime,
  RuntimeEnvironment,
  RuntimeInfo,
  Times,
  TimesOptions,
} from "../runtime.ts";
import { timesRequest } from "../times_request.ts";
import { denoEnvironment } from "./deno_environment.ts";
import { type LoadableModel, ModelRunner } from "./model_runner.ts";
import { scalarsOf, threadsHere } from "./ort_session.ts";

/**
 * Runs models in this thread, with the onnxruntime-web instance that {@linkcode openOrtSession} uses
 * too. An instance that was started before cannot be looked into, so that none is.
 */
export class ThreadRuntime implements Runtime {
  readonly about: RuntimeInfo;
  readonly #runner: ModelRunner;
  readonly #models = new WeakMap<Model, LoadableModel>();
  #known = 0;
  #closed = false;
  /** One after another: a session is closed only when nothing runs. */
  #last: Promise<unknown> = Promise.resolve();

  constructor({ threads }: { threads?: number }) {
    this.about = { workers: 0, threads: threads ?? threadsHere() ?? 1 };
    this.#runner = new ModelRunner({ threads });
  }

  environment(): Promise<RuntimeEnvironment> {
    return Promise.resolve(denoEnvironment());
  }

  async *run(
    model: Model,
    samples: Iterable<Feeds> | AsyncIterable<Feeds>,
    options: RunOptions = {},
  ): AsyncGenerator<Record<string, Tensor>, void, void> {
    const { outputs, optimization, first = 0, signal, onProgress } = options;
    const loadable = this.#loadable(model);
    let done = 0;
    signal?.throwIfAborted();
    for await (const feeds of samples) {
      signal?.throwIfAborted();
      const request = { samples: [feeds], first: first + done, outputs, optimization };
      const { results } = await this.#alone(() => this.#runner.run(loadable, request));
      done++;
      onProgress?.(done);
      yield results[0]!;
    }
  }

  async times(
    models: readonly Model[],
    samples: readonly Feeds[],
    options: TimesOptions = {},
  ): Promise<Times> {
    const request = timesRequest(models, samples, options);
    const loadable = models.map((model) => this.#loadable(model));
    const between = () => options.signal?.throwIfAborted();
    return await this.#alone(() => this.#runner.times(loadable, { ...request, between }));
  }

  optimized(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  profile(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  close(): void {
    this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#last;
    await this.#runner.release();
  }

  async #alone<T>(task: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new Error("The runtime is closed");
    const result = this.#last.then(task);
    this.#last = result.catch(() => {}).then(() => this.#runner.trim());
    return await result;
  }

  #loadable(model: Model): LoadableModel {
    let known = this.#models.get(model);
    if (!known) {
      const key = String(this.#known++);
      known = { key, name: model.name, bytes: model.bytes(), scalars: scalarsOf(model) };
      this.#models.set(model, known);
    }
    return known;
  }
}
