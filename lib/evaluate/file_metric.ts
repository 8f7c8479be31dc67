import { UserError } from "../errors.ts";
import { handOver } from "../tensor/hand_over.ts";
import type { Metric, ScoredSample } from "./metric.ts";
import { ANSWER, type MetricLoaded, type MetricMemory, STATE, TEXT_AT } from "./metric_thread.ts";

/** A module with a metric. */
export interface MetricFile {
  /** Its address. */
  readonly url: string;
  /** Name of the metric, where the module gives it none. */
  readonly name: string;
  /** How messages begin. */
  readonly what: string;
}

/** Options for {@linkcode fileMetric}. */
export interface FileMetricOptions {
  /**
   * What its code may do. With `none` it computes and nothing else, for which Deno must have been started with
   * `--unstable-worker-options`: it ends the process otherwise. @default {"inherit": what this program may}
   */
  permissions?: "none" | "inherit";
  /** Most milliseconds until the module is loaded. @default {60000} */
  loadMs?: number;
  /** Most milliseconds for each score. @default {60000} */
  limitMs?: number;
  /**
   * Milliseconds without a sample after which the worker ends, as it keeps the process alive. It is made again
   * when it is needed, and what the module kept from sample to sample is lost. @default {1000}
   */
  patienceMs?: number;
}

/**
 * The metric of a module, whose code runs in a worker. Scores come at once all the same: this thread waits for
 * each, but no longer than for `limitMs`. A worker that computes without end cannot be ended by itself: it lasts
 * as long as the process.
 *
 * @throws {UserError} If the module does not load, or exports something else.
 */
export async function fileMetric(
  file: MetricFile,
  options: FileMetricOptions = {},
): Promise<Metric> {
  const thread = new MetricThread(file, options);
  const { facts, source } = await thread.loaded();
  const score = (sample: ScoredSample) => thread.score(sample);
  // What tells two metrics of one name apart, see `identityOf()`.
  return { ...facts, score: Object.assign(score, { toString: () => source }) };
}

/** Bytes of the memory in which answers come: a score, or the message of an error. */
const ANSWER_BYTES = 16_384;

/** Asks a worker for scores, and waits for them. */
class MetricThread {
  readonly #file: MetricFile;
  readonly #options: FileMetricOptions;
  /** When the file was written that was loaded. */
  #changed: number | undefined;
  #worker: Worker;
  #memory: MetricMemory;

  constructor(file: MetricFile, options: FileMetricOptions) {
    this.#file = file;
    this.#options = options;
    [this.#worker, this.#memory] = this.#start();
  }

  /** What the module says of its metric, when it has been loaded. */
  async loaded(): Promise<Exclude<MetricLoaded, { wrong: string }>> {
    const { promise, resolve, reject } = Promise.withResolvers<MetricLoaded>();
    const { what } = this.#file;
    const fail = (found: string) => reject(new UserError(`${what}: ${found}`));
    const { loadMs = 60_000 } = this.#options;
    const limit = setTimeout(() => fail(`it did not load within ${loadMs / 1000} s`), loadMs);
    this.#worker.onmessage = ({ data }: MessageEvent<MetricLoaded>) => resolve(data);
    this.#worker.onerror = (event) => {
      event.preventDefault(); // else the error ends the process
      fail(`its worker died (${event.message})`);
    };
    try {
      const loaded = await promise;
      if ("wrong" in loaded) throw new UserError(loaded.wrong);
      Atomics.store(this.#memory.state, 0, STATE.idle);
      return loaded;
    } catch (error) {
      this.#worker.terminate();
      throw error;
    } finally {
      clearTimeout(limit);
    }
  }

  /** @throws {Error} What the metric throws, or that it takes too long. */
  score(sample: ScoredSample): number | undefined {
    const { limitMs = 60_000 } = this.#options;
    const transfer: ArrayBuffer[] = [];
    const packed: ScoredSample = {
      ...sample,
      outputs: handOver(sample.outputs, transfer),
      reference: handOver(sample.reference, transfer),
      ...(sample.inputs && { inputs: handOver(sample.inputs, transfer) }),
    };
    const { idle, asked } = STATE;
    if (Atomics.compareExchange(this.#memory.state, 0, idle, asked) !== idle) {
      [this.#worker, this.#memory] = this.#start();
    }
    this.#worker.postMessage(packed, transfer);
    if (Atomics.wait(this.#memory.state, 0, asked, limitMs) === "timed-out") {
      this.#worker.terminate();
      throw new UserError(`it gave no score within ${limitMs / 1000} s, and was given up`);
    }
    const answer = read(this.#memory.answer);
    Atomics.store(this.#memory.state, 0, idle);
    if (answer instanceof Error) throw answer;
    return answer;
  }

  /** A new worker, which has the word: it waits for what it is to do, however long its module takes to load. */
  #start(): [Worker, MetricMemory] {
    const { url, name, what } = this.#file;
    const changed = Deno.statSync(new URL(url)).mtime?.getTime();
    if (changed !== (this.#changed ??= changed)) {
      throw new UserError(`${what}: it was changed since it was loaded; begin again`);
    }
    const { patienceMs = 1000 } = this.#options;
    const thread = JSON.stringify(new URL("./metric_thread.ts", import.meta.url).href);
    const [module, words] = [JSON.stringify(url), JSON.stringify({ name, what })];
    // A literal is a part of what Deno loads with the permissions of this thread, whatever the worker has; in
    // `deno test` it also checks the types of that, which takes seconds.
    const isConfined = this.#options.permissions === "none";
    const code = `import { serveMetric } from ${thread}; const module = ${module};` +
      `serveMetric(() => import(${isConfined ? module : "module"}), ${words}, ${patienceMs});`;
    const worker = new Worker(`data:text/javascript,${encodeURIComponent(code)}`, {
      type: "module",
      ...(isConfined && { deno: { permissions: "none" } }),
    });
    const memory: MetricMemory = {
      state: new Int32Array(new SharedArrayBuffer(4)).fill(STATE.asked),
      answer: new SharedArrayBuffer(ANSWER_BYTES),
    };
    worker.postMessage(memory);
    return [worker, memory];
  }
}

/** The score, or what was thrown. */
function read(answer: SharedArrayBuffer): number | undefined | Error {
  const [kind, value = 0] = new Float64Array(answer, 0, 2);
  if (kind === ANSWER.score) return value;
  if (kind === ANSWER.none) return undefined;
  const bytes = new Uint8Array(answer, TEXT_AT, value).slice(); // the decoder does not read shared memory
  return new Error(new TextDecoder().decode(bytes));
}
