import type { Binary } from "../record/binary.ts";
import type { RuntimeName } from "../record/runtime_name.ts";
import type { MachineLoad } from "../record/trial_record.ts";
import type { Model } from "../onnx/model.ts";
import type { Feeds, Tensor } from "../tensor/tensor.ts";
import type { Clock, ClockKind } from "./clock.ts";
import type { RunProfile } from "./profile_run.ts";
import type { Optimization, Session, SessionOptions } from "./session.ts";

/**
 * Which onnxruntime-web it is, of those that a page may load. Where workers are given, it is theirs.
 * @category Measuring (advanced)
 */
export interface RuntimeChoice {
  /**
   * What the workers import as onnxruntime-web: a release, such as `1.29.0`; an npm: specifier; the address
   * of a module (file:, http:, https:); or a bare name that Octavo knows, such as `onnxruntime-web/wasm`.
   * Octavo was verified with its own; of another one it reads and stops what it can, and results are kept
   * apart from those of others.
   * @default {Octavo's own}
   */
  ort?: string | URL;
  /**
   * The WASM binary that the workers load of it: the one that the page will load. Bits are the same in all;
   * a node costs more in some. @default {plain; with an `ort` that is the address of a module, its own}
   */
  binary?: Binary;
}

/**
 * Options for {@linkcode openRuntime}.
 * @category Measuring
 */
export interface RuntimeOptions extends RuntimeChoice {
  /**
   * Number of workers. 0 runs models in this thread: for a few runs where no runtime is at hand, as it
   * starts at once and hands tensors over as they are. Nothing else happens in the thread meanwhile, a
   * run cannot be stopped, and what the runtime executes is not told.
   * @default {as many as fit the processor's cores, 8 at most}
   */
  workers?: number;
  /** Threads of onnxruntime in each worker. @default {1} */
  threads?: number;
  /**
   * Longest that a worker may take for one step (to load a model, or run it on one sample), in
   * milliseconds. A worker that takes longer is stopped and replaced. @default {120000}
   */
  timeoutMs?: number;
}

/**
 * Options for {@linkcode Runtime.run}.
 * @category Measuring (advanced)
 */
export interface RunOptions {
  /** Names of the outputs to return. @default {all} */
  outputs?: readonly string[];
  /** How far onnxruntime rewrites the graph before it runs. @default {"all"} */
  optimization?: Optimization;
  /** Number of the first sample, for messages. @default {0} */
  first?: number;
  /**
   * Samples that one worker runs in a row. Many spare the other workers from loading the model too;
   * they are all in memory. @default {as many as take some tens of milliseconds}
   */
  inARow?: number;
  /** Ends the work early: the promise is then rejected with the signal's reason. */
  signal?: AbortSignal;
  /** Called with the number of samples done. */
  onProgress?: (done: number) => void;
}

/**
 * Options for {@linkcode Runtime.times}.
 * @category Measuring (advanced)
 */
export interface TimesOptions {
  /**
   * How often every model has its turn; more often where the ratio is not known to 10 % after that.
   * @default {15}
   */
  rounds?: number;
  /** Least milliseconds of a turn: shorter models are run several times. @default {25} */
  minRoundMs?: number;
  /** Milliseconds on the wall after which no round begins, once there are seven. @default {12000} */
  maxMs?: number;
  /** Ends the work early: the promise is then rejected with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * What {@linkcode Runtime.times} measured.
 * @category Measuring (advanced)
 */
export interface Times {
  /** Milliseconds of one run by the clock, `[round][model]`. */
  readonly ms: number[][];
  /** Milliseconds of one run on the wall, `[round][model]`. @default {the same as ms} */
  readonly wallMs?: number[][];
  /** Whose time `ms` is. @default {"wall"} */
  readonly clock?: ClockKind;
  /** Runs that each model needed until its code was warm. */
  readonly warmup: number[];
  /** Whether the code of all of them was warm in the end. @default {true} */
  readonly isWarm?: boolean;
}

/**
 * Options for {@linkcode Runtime.coldStart}.
 * @category Measuring (advanced)
 */
export interface ColdStartOptions {
  /** How often every model is started, each time in a worker of its own. @default {6} */
  rounds?: number;
  /** Also runs each model until its time is steady, which takes seconds. @default {false} */
  steady?: boolean;
  /** Ends the work early: the promise is then rejected with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * One start of a model where nothing of it was loaded or compiled.
 * @category Measuring (advanced)
 */
export interface ColdStart {
  /** Milliseconds until the runtime itself had started, its WASM compiled, before the session; absent where not told. */
  readonly startMs?: number;
  /** Milliseconds until the session was there. */
  readonly createMs: number;
  /** Milliseconds of the first run. */
  readonly firstMs: number;
  /** Milliseconds of running, the first run's among them, until the time of a run is within 10 % of what it comes to. */
  readonly steadyMs?: number;
  /** Bytes of the WASM heap after that, the runtime's own among them. It never shrinks, so this is its peak. */
  readonly heapBytes: number;
}

/**
 * What {@linkcode Runtime.coldStart} measured.
 * @category Measuring (advanced)
 */
export interface ColdStarts {
  /** `[round][model]`. */
  readonly starts: readonly (readonly ColdStart[])[];
  /** Whose time it is. */
  readonly clock: ClockKind;
}

/**
 * Options for {@linkcode Runtime.profile}.
 * @category Measuring (advanced)
 */
export interface ProfileOptions {
  /** Runs that are noted, after those until the time is steady. @default {see minMs} */
  runs?: number;
  /** Least milliseconds of all runs together; at least 12 runs, at most 400. @default {800} */
  minMs?: number;
  /** Ends the work early: the promise is then rejected with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * What times of a runtime depend on.
 * @category Measuring (advanced)
 */
export interface RuntimeInfo {
  /** 0 if models run in this thread. */
  readonly workers: number;
  /** Threads of onnxruntime in each worker. */
  readonly threads: number;
}

/**
 * What the bits of results depend on, and their times.
 * @category Measuring (advanced)
 */
export interface RuntimeEnvironment extends Readonly<RuntimeName> {
  /**
   * Versions of `deno`, `v8` and `onnxruntime-web`; the last with where it came from, unless that is npm's
   * package of this version.
   */
  readonly versions: Readonly<Record<string, string>>;
  /**
   * The machine, the engine, the release and the binary in one line. Times are comparable only where it is equal, and even there
   * only within one measurement.
   */
  readonly machine: string;
}

/**
 * Runs models, wherever that is. {@linkcode openRuntime} makes one of workers; anything else of this shape
 * will do.
 * @category Measuring
 */
export interface Runtime extends AsyncDisposable {
  /** What its times depend on. */
  readonly about: RuntimeInfo;
  /**
   * What results and times depend on. With an onnxruntime-web of one's own a worker has to load it first.
   *
   * @throws {UserError} If that cannot be loaded, or is something else.
   */
  environment(): Promise<RuntimeEnvironment>;
  /**
   * Runs a model on every sample. The samples are shared among the workers and read only a little
   * ahead of what is consumed; the results come in the order of the samples.
   *
   * @throws {UserError} If a sample does not fit the model's inputs.
   * @throws {RuntimeError} If the runtime fails, or a worker gives no answer in time.
   */
  run(
    model: Model,
    samples: Iterable<Feeds> | AsyncIterable<Feeds>,
    options?: RunOptions,
  ): AsyncGenerator<Record<string, Tensor>, void, void>;
  /**
   * Times models against each other in one worker, while the others rest: each model is run until
   * its code is warm, then all take turns, until none of them moves. The samples take turns too.
   *
   * @throws {UserError} If there is no sample.
   */
  times(
    models: readonly Model[],
    samples: readonly Feeds[],
    options?: TimesOptions,
  ): Promise<Times>;
  /**
   * The graph that is executed: after all that onnxruntime does to it when it loads the model.
   *
   * @returns Undefined if this build of onnxruntime does not let it be read.
   * @throws {RuntimeError} If onnxruntime refuses the model.
   */
  optimized(model: Model): Promise<Model | undefined>;
  /**
   * Times every node of the graph that is executed, in one worker, while the others rest. The model
   * is run until its time is steady first.
   *
   * @returns Undefined if this build of onnxruntime does not let it be read.
   * @throws {UserError} If there is no sample.
   */
  profile(
    model: Model,
    samples: readonly Feeds[],
    options?: ProfileOptions,
  ): Promise<RunProfile | undefined>;
  /**
   * What a page waits for that opens a model for the first time: in each round every model is opened and
   * run in a worker of its own, with one thread, while the others rest. The models take turns.
   *
   * Left out where there is no worker that could be fresh, or its heap cannot be seen.
   *
   * @returns Undefined if this build of onnxruntime does not let its heap be seen.
   */
  coldStart?(
    models: readonly Model[],
    sample: Feeds,
    options?: ColdStartOptions,
  ): Promise<ColdStarts | undefined>;
  /** Stops all workers. What is not finished fails. */
  close(): void;
}

/** What a folder such as `deno/` provides. */
export interface RuntimeBackend {
  openRuntime(options: RuntimeOptions): Runtime;
  openSession(model: Uint8Array | Model, options: SessionOptions): Promise<Session>;
  /** What results of Octavo's own onnxruntime-web depend on. */
  environment(): RuntimeEnvironment;
  /** How much the machine had to do in the last minute; a load of 0 where that is not told. */
  load(): MachineLoad;
  /** What to time this thread with, for runs of one thread. */
  clock(): Clock;
}
