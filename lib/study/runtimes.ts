import { openRuntime } from "../runtime/open_runtime.ts";
import type { Runtime, RuntimeChoice } from "../runtime/runtime.ts";

/**
 * What a study is measured with.
 * @category Studies
 */
export interface RuntimesOptions extends RuntimeChoice {
  /** Workers to use, which stay open; times are taken with their number of threads. @default {workers of its own} */
  runtime?: Runtime;
  /** Samples evaluated at a time, without a `runtime`. @default {the number of cores, 4 at most} */
  workers?: number;
  /** Threads of the runtime while latency is measured, without a `runtime`. @default {1} */
  threads?: number;
}

/** What a study runs its models in. Workers start when there is work for them. */
export class Runtimes implements AsyncDisposable {
  /** Workers of one thread each, which share the samples. */
  readonly run: Runtime;
  /** What latency is measured in. */
  readonly time: Runtime;
  readonly #own: readonly Runtime[];

  constructor({ runtime, workers, threads = 1, ort, binary }: RuntimesOptions) {
    const many = workers ?? Math.min(4, navigator.hardwareConcurrency);
    this.run = runtime ?? openRuntime({ workers: many, threads: 1, ort, binary });
    this.time = runtime ??
      (threads === 1 ? this.run : openRuntime({ workers: 1, threads, ort, binary }));
    this.#own = runtime ? [] : [this.run, this.time];
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const runtime of this.#own) runtime.close();
    return Promise.resolve();
  }
}
