import type { Binary } from "../../record/binary.ts";
import { handOver } from "../../tensor/hand_over.ts";
import { RuntimeError } from "../runtime_errors.ts";
import { unpackError } from "./plain_error.ts";
import {
  CONTROL,
  CONTROL_BYTES,
  type JobKind,
  type Jobs,
  type Reply,
  type Request,
  type Start,
  type Task,
} from "./protocol.ts";
import { WebWorker } from "./web_worker.ts";

/** A task, and who waits for it. */
export interface Job {
  readonly task: Task;
  /** What messages say it is about: the name of a model. */
  readonly about: string;
  /** Nothing else may run beside it. */
  readonly alone: boolean;
  resolve(answer: Jobs[JobKind]["answer"]): void;
  reject(error: Error): void;
}

/** Options of the constructor of {@linkcode Slot}. */
export interface SlotOptions {
  /** Threads of the worker's runtime. */
  threads: number;
  /** The module that is imported as onnxruntime-web. @default {Octavo's own} */
  ort?: string;
  /** The binary of it that is loaded. @default {the module's own choice} */
  binary?: Binary;
  /** Longest silence of a worker that has a job, in milliseconds. */
  timeoutMs: number;
  /**
   * Makes a worker for one job alone, whose runtime is compiled as if this process had never seen it.
   * @default {false}
   */
  once?: boolean;
  /** Called when there is room for another job; `lost` are those that a dead worker had not begun. */
  onFree: (lost: readonly Job[]) => void;
}

/** Jobs at a worker: one that runs, and one that waits so that the worker need not. */
const DEPTH = 2;

/** Milliseconds that the runtime may take to start, on a machine that is busy with other things. */
const START_LIMIT_MS = 60_000;

/**
 * Sessions after which a worker is replaced: the heap of WASM never shrinks, and becomes as
 * fragmented as that of any program. Not with several threads: those of the runtime wait in WASM for
 * work, where nothing reaches them, so that each outlives its worker and holds on to the heap.
 */
const SESSIONS_LIMIT = 64;

/** A worker's place in a runtime. The worker is made when there is a job, and again after it was lost. */
export class Slot {
  readonly #options: SlotOptions;
  #worker: Worker | undefined;
  #control: Int32Array | undefined;
  #heap: SharedArrayBuffer | undefined;
  #ready = false;
  #retiring = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The first runs, or would if the worker were ready. */
  #jobs: { readonly id: number; readonly job: Job }[] = [];
  #lastId = 0;

  constructor(options: SlotOptions) {
    this.#options = options;
  }

  /** Number of jobs at the worker. */
  get load(): number {
    return this.#jobs.length;
  }

  get hasRoom(): boolean {
    return !this.#retiring && this.#jobs.length < DEPTH;
  }

  assign(job: Job): void {
    const worker = this.#worker ??= this.#start();
    const id = ++this.#lastId;
    this.#jobs.push({ id, job });
    if (this.#jobs.length === 1) this.#watch();
    const { request, transfer } = pack({ ...job.task, id });
    worker.postMessage(request, transfer);
  }

  /** The worker runs this job, or keeps it until it is its turn. */
  has(job: Job): boolean {
    return this.#jobs.some((entry) => entry.job === job);
  }

  /**
   * Stops the worker, also in the middle of a run. The job that it was at fails; the next one makes
   * a new worker.
   */
  kill(reason: Error): void {
    const [first, ...rest] = this.#jobs;
    this.#discard();
    first?.job.reject(reason);
    this.#options.onFree(rest.map(({ job }) => job));
  }

  #start(): Worker {
    const worker = new WebWorker(new URL("./worker.ts", import.meta.url), { type: "module" });
    const control = new SharedArrayBuffer(CONTROL_BYTES);
    this.#control = new Int32Array(control);
    worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      if (worker === this.#worker) this.#receive(data); // what a stopped worker still says is late
    };
    worker.onerror = (event) => {
      event.preventDefault(); // else the error ends the process
      if (worker === this.#worker) this.#fail(`its worker died (${event.message})`);
    };
    worker.onmessageerror = () => {
      if (worker === this.#worker) this.#fail("its worker's answer could not be read");
    };
    const { threads, ort, binary, once = false } = this.#options;
    const start: Start = { kind: "start", control, threads, ort, binary, anew: once };
    worker.postMessage(start);
    return worker;
  }

  #receive(reply: Reply): void {
    switch (reply.kind) {
      case "ready":
        this.#ready = true;
        return this.#watch();
      case "heap":
        this.#heap = reply.heap;
        return;
      case "alive":
        return this.#watch();
      case "done":
        this.#settle(reply.id)?.resolve(reply.answer);
        this.#retiring ||= this.#options.threads === 1 && reply.opened >= SESSIONS_LIMIT;
        break;
      case "failed":
        this.#settle(reply.id)?.reject(unpackError(reply.error));
        this.#retiring ||= reply.error.fatal;
        break;
    }
    this.#retiring ||= this.#options.once ?? false;
    if (!this.#retiring) return this.#options.onFree([]);
    const waiting = this.#jobs.map(({ job }) => job);
    this.#discard();
    this.#options.onFree(waiting);
  }

  /** Takes the job out that was answered, and watches over the next. */
  #settle(id: number): Job | undefined {
    const entry = this.#jobs.find((entry) => entry.id === id);
    this.#jobs = this.#jobs.filter((other) => other !== entry);
    this.#watch();
    return entry?.job;
  }

  /** Starts the clock anew, as long as there is something to wait for. */
  #watch(): void {
    clearTimeout(this.#timer);
    if (this.#jobs.length === 0) return;
    const { timeoutMs } = this.#options;
    this.#timer = this.#ready
      ? setTimeout(
        () =>
          this.#fail(
            `it gave no answer for ${timeoutMs} ms, and its worker was stopped; if one run may ` +
              `take as long, raise timeoutMs, else look for a Loop that does not end`,
          ),
        timeoutMs,
      )
      : setTimeout(
        () => this.#fail(`the runtime did not start within ${START_LIMIT_MS / 1000} s`),
        START_LIMIT_MS,
      );
  }

  #fail(found: string): void {
    const about = this.#jobs[0]?.job.about ?? "a model";
    const message = `Cannot run ${about} in onnxruntime-web: ${found}`;
    this.kill(new RuntimeError(message, about, { fatal: true }));
  }

  /** Lets go of the worker, which ends as soon as it can. */
  #discard(): void {
    clearTimeout(this.#timer);
    if (this.#worker && this.#control) endWorker(this.#worker, this.#control, this.#heap);
    this.#worker = undefined;
    this.#control = undefined;
    this.#heap = undefined;
    this.#ready = false;
    this.#retiring = false;
    this.#jobs = [];
  }
}

/** Ends a worker, and what it is at. `terminate()` alone would wait for that; see {@linkcode CONTROL}. */
function endWorker(worker: Worker, control: Int32Array, heap: SharedArrayBuffer | undefined): void {
  Atomics.store(control, CONTROL.stop, 1);
  const address = Atomics.load(control, CONTROL.address) >>> 0; // the heap may be larger than 2 GB
  if (address >= (heap?.byteLength ?? 1)) {
    // It has begun a run, and told before in which heap: we have not heard that yet.
    worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      if (data.kind === "heap") endWorker(worker, control, data.heap);
    };
    return;
  }
  if (address !== 0) new Uint8Array(heap!)[address] = 1;
  worker.terminate();
}

/** A request, and the buffers that go with it instead of being copied. */
function pack(request: Request): { request: Request; transfer: ArrayBuffer[] } {
  if (!("samples" in request)) return { request, transfer: [] };
  const transfer: ArrayBuffer[] = [];
  const samples = request.samples.map((feeds) => handOver(feeds, transfer));
  return { request: { ...request, samples }, transfer };
}
