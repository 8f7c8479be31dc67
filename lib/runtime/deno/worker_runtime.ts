import type { Binary } from "../../record/binary.ts";
import { decodeModel, type Model } from "../../onnx/model.ts";
import type { Feeds, Tensor } from "../../tensor/tensor.ts";
import { withPlainNames } from "../plain_names.ts";
import type { RunProfile } from "../profile_run.ts";
import { requireSamples } from "../require_samples.ts";
import type {
  ColdStart,
  ColdStartOptions,
  ColdStarts,
  ProfileOptions,
  RunOptions,
  Runtime,
  RuntimeEnvironment,
  RuntimeInfo,
  RuntimeOptions,
  Times,
  TimesOptions,
} from "../runtime.ts";
import { timesRequest } from "../times_request.ts";
import { measuringPace } from "../pace.ts";
import { turns } from "../timing.ts";
import { denoEnvironment } from "./deno_environment.ts";
import { ortVersion } from "./ort_version.ts";
import type { JobKind, Jobs, ModelRef, Task } from "./protocol.ts";
import { type Job, Slot } from "./slot.ts";

/** Milliseconds that the samples of one message should keep a worker busy. */
const CHUNK_MS = 30;

/** Most samples of one message, which are all in memory. */
const CHUNK_LIMIT = 64;

/** Messages per worker that are under way at a time. */
const LOOK_AHEAD = 2;

/** Options of the constructor of {@linkcode WorkerRuntime}. */
interface WorkerRuntimeOptions extends Required<Omit<RuntimeOptions, "ort" | "binary">> {
  /** The module that is imported as onnxruntime-web. @default {Octavo's own} */
  ort?: string;
  /** The binary of it that is loaded. @default {the module's own choice: Octavo's own loads the plain one} */
  binary?: Binary;
}

/** Workers that run models, each with an instance of onnxruntime-web of its own. */
export class WorkerRuntime implements Runtime {
  readonly about: RuntimeInfo;
  readonly #slots: readonly Slot[];
  /** Makes a place for a worker that does one job alone, and is compiled for it. */
  readonly #newSlot: () => Slot;
  #fresh: Slot | undefined;
  #queue: Job[] = [];
  /** The job that wants to be alone, while it runs. */
  #alone: Job | undefined;
  #closed = false;
  readonly #ort: string | undefined;
  readonly #binary: Binary | undefined;
  #environment: Promise<RuntimeEnvironment> | undefined;
  readonly #models = new WeakMap<Model, Promise<ModelRef>>();
  /** Milliseconds per sample, by hash of the model. */
  readonly #pace = new Map<string, number>();

  constructor({ workers, threads, timeoutMs, ort, binary }: WorkerRuntimeOptions) {
    this.about = { workers, threads };
    this.#ort = ort;
    this.#binary = binary;
    const onFree = (lost: readonly Job[]) => {
      this.#queue.unshift(...lost);
      this.#pump();
    };
    this.#newSlot = () => new Slot({ threads: 1, timeoutMs, ort, binary, onFree, once: true });
    this.#slots = Array.from(
      { length: workers },
      () => new Slot({ threads, timeoutMs, ort, binary, onFree }),
    );
  }

  /** The version of Octavo's own onnxruntime-web is on the disk, mostly; of another one a worker tells it. */
  environment(): Promise<RuntimeEnvironment> {
    const release = this.#ort === undefined ? ortVersion() : undefined;
    return this.#environment ??= release !== undefined
      ? Promise.resolve(denoEnvironment({ release, binary: this.#binary ?? "plain" }))
      : this.#submit("version", {}).then(denoEnvironment);
  }

  async *run(
    model: Model,
    samples: Iterable<Feeds> | AsyncIterable<Feeds>,
    options: RunOptions = {},
  ): AsyncGenerator<Record<string, Tensor>, void, void> {
    const { outputs, optimization, inARow, signal, onProgress } = options;
    const ref = await this.#share(model);
    const source = iterate(samples);
    const pending: Promise<Jobs["run"]["answer"]>[] = [];
    const leave = new AbortController(); // ends what still waits, whyever this ends
    const stop = signal ? AbortSignal.any([signal, leave.signal]) : leave.signal;
    let { first = 0 } = options;
    let done = 0;
    let ended = false;
    try {
      for (;;) {
        while (!ended && pending.length < LOOK_AHEAD * this.about.workers) {
          signal?.throwIfAborted();
          const size = inARow ?? chunkSize(this.#pace.get(ref.hash));
          const chunk = await take(source, size);
          ended = chunk.length < size;
          if (chunk.length === 0) break;
          const request = { model: ref, samples: chunk, first, outputs, optimization };
          const job = this.#submit("run", request, stop);
          job.catch(() => {}); // seen when its turn comes, if it comes
          pending.push(job);
          first += chunk.length;
        }
        const next = pending.shift();
        if (next === undefined) return;
        const { results, ms } = await next;
        this.#pace.set(ref.hash, ms / results.length);
        for (const result of results) {
          onProgress?.(++done);
          yield result;
        }
      }
    } finally {
      leave.abort();
      await source.return?.();
    }
  }

  async times(
    models: readonly Model[],
    samples: readonly Feeds[],
    options: TimesOptions = {},
  ): Promise<Times> {
    const request = timesRequest(models, samples, options);
    const refs = await Promise.all(models.map((model) => this.#share(model)));
    return await this.#submit("times", { models: refs, ...request }, options.signal);
  }

  async optimized(model: Model): Promise<Model | undefined> {
    const { bytes } = await this.#submit("optimized", { model: await this.#share(model) });
    return bytes && decodeModel(bytes, model.name);
  }

  async profile(
    model: Model,
    samples: readonly Feeds[],
    options: ProfileOptions = {},
  ): Promise<RunProfile | undefined> {
    const { runs, minMs = 800, signal } = options;
    requireSamples(samples, `profile ${model.name}`);
    const plain = withPlainNames(model);
    const { warmUpMs } = measuringPace();
    const request = { model: await this.#share(plain.model), samples, runs, minMs, warmUpMs };
    const { profile } = await this.#submit("profile", request, signal);
    return profile && {
      ...profile,
      nodes: profile.nodes.map((node) => ({ ...node, name: plain.original(node.name) })),
    };
  }

  /**
   * Each start is that of a worker that is made for it, whose WASM bytes V8 has never seen (see
   * `installHook()`): it then takes what it takes in a fresh process, which a page's first visit is.
   * Measured: a session of a small ResNet takes 100 ms of the thread in either (144 its int8 model), but 12
   * (24) in a worker of a process in which another one has the same bytes, with all kernels compiled. A
   * worker costs half a second, a process more.
   */
  async coldStart(
    models: readonly Model[],
    sample: Feeds,
    options: ColdStartOptions = {},
  ): Promise<ColdStarts | undefined> {
    const { steady = false, signal } = options;
    const rounds = Math.min(options.rounds ?? 6, measuringPace().coldRounds);
    const refs = await Promise.all(models.map((model) => this.#share(model)));
    const starts: ColdStart[][] = [];
    let clock: ColdStarts["clock"] = "wall";
    for (let round = 0; round < rounds; round++) {
      const row: ColdStart[] = [];
      for (const i of turns(models.length, round)) {
        const request = { model: refs[i]!, samples: [sample], steady };
        const answer = await this.#submit("coldStart", request, signal);
        row[i] = answer.start;
        clock = answer.clock;
      }
      starts.push(row);
    }
    const isSeen = starts.every((row) => row.every(({ heapBytes }) => heapBytes > 0));
    return isSeen ? { starts, clock } : undefined;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const closed = new Error("The runtime was closed before the job was done");
    for (const slot of this.#allSlots) slot.kill(closed); // gives back what it had not begun
    for (const job of this.#queue.splice(0)) job.reject(closed);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  /** Puts a job into the queue. Long ones are stopped on abort; short ones are let go. */
  #submit<K extends JobKind>(
    kind: K,
    request: Jobs[K]["request"],
    signal?: AbortSignal,
  ): Promise<Jobs[K]["answer"]> {
    const { promise, resolve, reject } = Promise.withResolvers<Jobs[K]["answer"]>();
    const alone = kind === "times" || kind === "profile" || kind === "coldStart";
    const models = "models" in request ? request.models : "model" in request ? [request.model] : [];
    const onAbort = () => {
      settle(() => reject(signal?.reason));
      this.#queue = this.#queue.filter((other) => other !== job);
      if (alone) this.#allSlots.find((slot) => slot.has(job))?.kill(signal?.reason);
      this.#pump();
    };
    let settled = false;
    const settle = (finish: () => void) => {
      if (settled) return;
      settled = true;
      signal?.removeEventListener("abort", onAbort);
      if (this.#alone === job) this.#alone = undefined;
      finish();
    };
    const job: Job = {
      task: { kind, ...request } as Task,
      about: models[0]?.name ?? "a model",
      alone,
      resolve: (answer) => settle(() => resolve(answer)),
      reject: (error) => settle(() => reject(error)),
    };
    if (this.#closed) job.reject(new Error("The runtime is closed"));
    else if (signal?.aborted) job.reject(signal.reason);
    else {
      signal?.addEventListener("abort", onAbort);
      this.#queue.push(job);
      this.#pump();
    }
    return promise;
  }

  /** Hands jobs out, in order, as long as a worker has room. */
  #pump(): void {
    for (;;) {
      const [job] = this.#queue;
      if (job === undefined || this.#closed || this.#alone !== undefined) return;
      const idle = this.#slots.every(({ load }) => load === 0);
      if (job.alone && !idle) return;
      const slot = job.task.kind === "coldStart" ? this.#fresh = this.#newSlot() : this.#freest();
      if (slot === undefined) return;
      this.#queue.shift();
      if (job.alone) this.#alone = job;
      slot.assign(job);
    }
  }

  /** The worker with least to do, if one has room. */
  #freest(): Slot | undefined {
    return this.#slots
      .filter(({ hasRoom }) => hasRoom)
      .reduce<Slot | undefined>((a, b) => a && a.load <= b.load ? a : b, undefined);
  }

  get #allSlots(): readonly Slot[] {
    return this.#fresh ? [...this.#slots, this.#fresh] : this.#slots;
  }

  /** Puts a model's bytes where all workers see them, once. */
  #share(model: Model): Promise<ModelRef> {
    const known = this.#models.get(model);
    if (known) return known;
    const shared = (async () => {
      const own = model.bytes();
      const bytes = new SharedArrayBuffer(own.length);
      new Uint8Array(bytes).set(own);
      return { hash: await model.hash(), name: model.name, bytes };
    })();
    this.#models.set(model, shared);
    return shared;
  }
}

/** Samples of one message; one until it is known how long they take. */
function chunkSize(msPerSample: number | undefined): number {
  if (msPerSample === undefined) return 1;
  return Math.max(1, Math.min(CHUNK_LIMIT, Math.floor(CHUNK_MS / msPerSample)));
}

function iterate(
  samples: Iterable<Feeds> | AsyncIterable<Feeds>,
): Iterator<Feeds> | AsyncIterator<Feeds> {
  return Symbol.asyncIterator in samples
    ? samples[Symbol.asyncIterator]()
    : samples[Symbol.iterator]();
}

/** The next samples, fewer only at the end. */
async function take(
  source: Iterator<Feeds> | AsyncIterator<Feeds>,
  count: number,
): Promise<Feeds[]> {
  const chunk: Feeds[] = [];
  while (chunk.length < count) {
    const next = await source.next();
    if (next.done) break;
    chunk.push(next.value);
  }
  return chunk;
}
