import type { Feeds, Tensor } from "../../tensor/tensor.ts";
import type { Clock, ClockKind } from "../clock.ts";
import { readProfile, type RunProfile } from "../profile_run.ts";
import { explain } from "../runtime_errors.ts";
import type { ColdStart, Times } from "../runtime.ts";
import type { Optimization } from "../session.ts";
import { timeUntilSteady } from "../time_until_steady.ts";
import { interleaveUntilSteady } from "../timing.ts";
import { type WarmUp, warmUp } from "../warm_up.ts";
import type { RuntimeHook } from "./hook.ts";
import type { TimesRequest } from "../times_request.ts";
import type { Jobs } from "./protocol.ts";
import { OrtSession, threadsHere } from "./ort_session.ts";
import { clockOf, startClockOf } from "./thread_clock.ts";

/** A model, ready to be loaded. */
export interface LoadableModel {
  /** Tells it apart from others. */
  readonly key: string;
  /** What messages call it. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Names of its inputs and outputs that are scalars for certain. */
  readonly scalars?: ReadonlySet<string>;
}

/** Options of the constructor of {@linkcode ModelRunner}. */
export interface ModelRunnerOptions {
  /** Threads of the WASM instance. @default {as many as its first session} */
  threads?: number;
  /** Called between runs, never within one that is timed; may throw to stop. */
  between?: () => void;
  /** What the runtime keeps to itself is read through it. @default {nothing is read} */
  hook?: RuntimeHook;
}

/** Sessions kept open: the float32 model of a study, and a few candidates. */
const KEPT = 4;

/** Bounds of how many runs a profile takes where nobody says: a line of text is printed for each node. */
const PROFILED_RUNS = { fewest: 12, most: 400 };

/** The first runs of a session plan its memory. */
const UNSETTLED = 2;

/** Runs and times models with the onnxruntime-web instance of this thread, one task at a time. */
export class ModelRunner {
  /** Sessions opened so far. */
  opened = 0;
  readonly #options: ModelRunnerOptions;
  /** The least recently used first. Their key holds the name, which messages tell. */
  readonly #sessions = new Map<string, OrtSession>();

  constructor(options: ModelRunnerOptions = {}) {
    this.#options = options;
  }

  /** Runs samples one after another. `ms` is that of all runs together, without loading the model. */
  async run(
    model: LoadableModel,
    { samples, first, outputs, optimization }: {
      readonly samples: readonly Feeds[];
      /** Number of the first sample, for messages. */
      readonly first: number;
      readonly outputs?: readonly string[];
      readonly optimization?: Optimization;
    },
  ): Promise<{ results: Record<string, Tensor>[]; ms: number }> {
    const session = await this.#open(model, optimization);
    const results: Record<string, Tensor>[] = [];
    const start = performance.now();
    for (const [i, feeds] of samples.entries()) {
      this.#options.between?.();
      try {
        results.push(await session.run(feeds, outputs));
      } catch (error) {
        if (error instanceof Error) error.message += ` (sample ${first + i})`;
        throw error;
      }
    }
    return { results, ms: performance.now() - start };
  }

  /** Times models against each other. */
  async times(
    models: readonly LoadableModel[],
    request: TimesRequest & { readonly between?: () => void },
  ): Promise<Times> {
    const { samples, rounds, minRoundMs, maxMs, warmUpMs, patienceMs } = request;
    const { between = this.#options.between } = request;
    const clock = this.#clock;
    const contestants = [];
    const warmUps: WarmUp[] = [];
    for (const model of models) {
      const session = await this.#open(model);
      const feeds = samples.map((sample) => session.prepare(sample));
      const run = (sample: number) => session.runPrepared(feeds[sample]!);
      warmUps.push(await warmUp(run, samples.length, { clock, between, maxMs: warmUpMs }));
      contestants.push({ run, ms: warmUps.at(-1)!.ms });
    }
    const options = { clock, between, minMs: minRoundMs, rounds, maxMs, patienceMs };
    const taken = await interleaveUntilSteady(contestants, samples.length, options);
    return {
      ...taken,
      clock: clock.kind,
      warmup: warmUps.map(({ runs }) => runs),
      isWarm: warmUps.every(({ isWarm }) => isWarm),
    };
  }

  /** Bytes of the graph after the runtime's optimization, if they can be read. */
  async optimized({ name, bytes }: LoadableModel): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const { hook } = this.#options;
    if (hook?.state !== "ready") return undefined;
    const written = await hook.catchFile(async () => {
      const native = { optimizedModelFilePath: "optimized.onnx" };
      const session = await OrtSession.open(bytes, { name, native });
      await session.release();
    });
    this.opened++;
    return written;
  }

  /**
   * Times each node, if the times can be read.
   *
   * @param runs Undefined: as many as fill `minMs`.
   */
  async profile(
    model: LoadableModel,
    { samples, runs, minMs, warmUpMs }: Omit<Jobs["profile"]["request"], "model">,
  ): Promise<RunProfile | undefined> {
    const { hook, between } = this.#options;
    if (hook?.state !== "ready") return undefined;
    const { name, bytes } = model;
    const plain = await this.#open(model);
    const feeds = samples.map((sample) => plain.prepare(sample));
    // V8 compiles what is hot for good: another session of the same model finds it so.
    const run = (sample: number) => plain.runPrepared(feeds[sample]!);
    const options = { clock: this.#clock, between, maxMs: warmUpMs };
    const { ms } = await warmUp(run, samples.length, options);
    const { fewest, most } = PROFILED_RUNS;
    const count = runs ?? Math.min(most, Math.max(fewest, Math.ceil(minMs / ms)));
    const text = await hook.catchText(async () => {
      const native = { enableProfiling: true };
      const session = await OrtSession.open(bytes, { name, native });
      for (let run = 0; run < UNSETTLED + count; run++) {
        between?.();
        await session.runPrepared(feeds[run % feeds.length]!);
      }
      session.endProfiling();
      await session.release();
    });
    this.opened++;
    try {
      return withoutFirst(UNSETTLED, readProfile(text));
    } catch (error) {
      throw explain(error, name, "profile");
    }
  }

  /** Opens a model and runs it, as the first one of this thread. */
  async coldStart(
    { name, bytes }: LoadableModel,
    { samples: [sample], steady }: {
      readonly samples: readonly Feeds[];
      readonly steady: boolean;
    },
  ): Promise<{ start: ColdStart; clock: ClockKind }> {
    const { hook, between, threads } = this.#options;
    const clock = startClockOf(threadsHere() ?? 1);
    const opening = clock.now();
    const session = await OrtSession.open(bytes, { name, threads });
    const opened = clock.now();
    this.opened++;
    const feeds = session.prepare(sample!);
    const from = clock.now();
    await session.runPrepared(feeds);
    const marks = [clock.now() - from];
    const run = async () => {
      await session.runPrepared(feeds);
      marks.push(clock.now() - from);
    };
    const settled = steady ? await warmUp(run, 1, { clock, between }) : undefined;
    const start = {
      createMs: opened - opening,
      firstMs: marks[0]!,
      ...(settled && { steadyMs: timeUntilSteady(marks, settled.ms) }),
      heapBytes: hook?.heapBytes ?? 0,
    };
    await session.release();
    return { start, clock: clock.kind };
  }

  /** Closes the sessions that were not used for longest. */
  async trim(): Promise<void> {
    for (const [key, session] of this.#sessions) {
      if (this.#sessions.size <= KEPT) return;
      this.#sessions.delete(key);
      await session.release();
    }
  }

  /** Closes all sessions. */
  async release(): Promise<void> {
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    for (const session of sessions) await session.release();
  }

  get #clock(): Clock {
    return clockOf(threadsHere() ?? 1);
  }

  async #open(model: LoadableModel, optimization?: Optimization): Promise<OrtSession> {
    const { name, bytes, scalars } = model;
    const { threads, between } = this.#options;
    const key = `${model.key} ${optimization ?? "all"} ${name}`;
    let session = this.#sessions.get(key);
    if (!session) {
      session = await OrtSession.open(bytes, { name, threads, optimization, scalars });
      this.opened++;
    }
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    between?.();
    return session;
  }
}

/** A profile without its first runs. */
function withoutFirst(count: number, { runs, nodes }: RunProfile): RunProfile {
  const later = (ms: readonly number[]) => ms.slice(count);
  return { runs: later(runs), nodes: nodes.map((node) => ({ ...node, ms: later(node.ms) })) };
}
