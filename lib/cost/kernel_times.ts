import { byteLengthOf } from "../onnx/tensor_proto.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { timeOneByOne } from "../profile/one_by_one.ts";
import { type KernelTime, type TimedSubgraph, timeKernels } from "./time_kernels.ts";
import { type StoredTime, TimesCache, userCacheFolder } from "./times_cache.ts";
import { sizeOf } from "../data/first_samples.ts";
import { profilingOverhead } from "../profile/overhead.ts";
import { undisturbedTime } from "../profile/undisturbed.ts";
import type { KernelTimesRecord } from "../record/kernel_times_record.ts";
import { machineLoad } from "../runtime/open_runtime.ts";
import { measuringPace } from "../runtime/pace.ts";
import { isWorthKeeping } from "./undisturbed_measurement.ts";
import { settling } from "./settling.ts";
import { signatureOf } from "./signature.ts";
import { referenceLoad } from "./reference_load.ts";

/** Times subgraphs in turns: {@linkcode timeKernels}, or what a test puts in its place. */
export type KernelTimer = (timed: readonly TimedSubgraph[]) => Promise<readonly KernelTime[]>;

/** Options for {@linkcode KernelTimes.open}. */
export interface KernelTimesOptions {
  /**
   * Folder to keep times in, from which later measurements take what they have in common; false keeps
   * none. @default {octavo in the user's cache folder}
   */
  cache?: string | false;
  /** Measures anew what is kept, and keeps that in its place. @default {false} */
  fresh?: boolean;
  /** Keeps times apart that mean nothing, as tests measure them. @default {as the environment says} */
  isHasty?: boolean;
  /** @default {timeKernels() in the runtime, or timeOneByOne() where that cannot be} */
  kernelTimer?: KernelTimer;
  signal?: AbortSignal;
  /** Called with the number of subgraphs measured and the number there are. */
  onProgress?: (done: number, all: number) => void;
}

/** Subgraphs that are timed together at most. */
const TOGETHER = 40;

/** Bytes of weights and inputs that are timed together at most: they are in memory three times. */
const MOST_BYTES = 64e6;

/** Bytes that stay in the caches of any machine: to time fewer together would change nothing. */
const LEAST_BYTES = 256e3;

/** Options for {@linkcode KernelTimes.times}. */
export interface WorkingSetOptions {
  /**
   * Bytes that the network goes through from one run to the next. Subgraphs are timed together up to as
   * many, so that they find as much of their weights in the caches as they do there: of a network of
   * 400 kB all, which halves its time. @default {64 MB}
   */
  workingSet?: number;
  /**
   * Where all times are kept, milliseconds of when they were measured will do: then nothing is run, and
   * the clock of a new process need not be tried first, which takes seconds. @default {false}
   */
  ofAnyDay?: boolean;
}

/** How far the reference load may move between measurements before one is done again. */
const DRIFT = 1.15;

/**
 * What subgraphs take on this machine. Each is measured once: one of the same signature, in this
 * network or another, is taken to take as long.
 */
export class KernelTimes {
  readonly #cache: TimesCache;
  readonly #kernelTimer: KernelTimer;
  readonly #options: KernelTimesOptions;
  /** Milliseconds of the reference load in each measurement. */
  readonly #units: number[] = [];
  readonly #began = new Date();
  #drifted = 0;
  /** Signatures of what was measured here, and of what was taken from the file. */
  readonly #measured = new Set<string>();
  readonly #taken = new Map<string, StoredTime>();
  #disturbed = 0;

  private constructor(cache: TimesCache, kernelTimer: KernelTimer, options: KernelTimesOptions) {
    this.#cache = cache;
    this.#kernelTimer = kernelTimer;
    this.#options = options;
  }

  static async open(runtime: Runtime, options: KernelTimesOptions = {}): Promise<KernelTimes> {
    const { cache = userCacheFolder(), fresh, signal } = options;
    const { isHasty = measuringPace().isHasty } = options;
    const pace = isHasty ? "; hasty" : "";
    const environment = await runtime.environment();
    const machine = `${environment.machine}; ${runtime.about.threads} threads; costs 4${pace}`;
    const stored = await TimesCache.open(cache === false ? undefined : cache, machine, fresh);
    return new KernelTimes(stored, options.kernelTimer ?? kernelTimerOf(runtime, signal), options);
  }

  /** Milliseconds of the reference load, in the measurements so far. NaN if there were none. */
  get unit(): number {
    return undisturbedTime(this.#units);
  }

  /** Measurements during which the machine changed its pace, and which measuring again did not help. */
  get drifted(): number {
    return this.#drifted;
  }

  /** Where the times came from that were asked for so far. */
  get record(): KernelTimesRecord {
    const { path, problem } = this.#cache;
    const dates = [...this.#taken.values()].map(({ at }) => at).sort();
    return {
      ...(path !== undefined && { path }),
      ...(problem !== undefined && { problem }),
      measured: this.#measured.size,
      disturbed: this.#disturbed,
      taken: this.#taken.size,
      at: this.#began.toISOString(),
      ...(dates.length > 0 && { oldest: dates[0]!, newest: dates.at(-1)! }),
    };
  }

  /** The time of each subgraph in milliseconds of today, measured if no measurement is kept. */
  async times(
    timed: readonly TimedSubgraph[],
    options: WorkingSetOptions = {},
  ): Promise<KernelTime[]> {
    const { workingSet = MOST_BYTES, ofAnyDay = false } = options;
    const most = Math.min(MOST_BYTES, Math.max(LEAST_BYTES, workingSet));
    const { signal, onProgress } = this.#options;
    const signatures = timed.map(({ subgraph }) => signatureOf(subgraph.model));
    const missing = new Map<string, TimedSubgraph>();
    timed.forEach((one, i) => {
      const signature = signatures[i]!;
      const known = this.#cache.get(signature);
      if (!known) missing.set(signature, one);
      else if (!this.#measured.has(signature)) this.#taken.set(signature, known);
    });
    const isKnown = missing.size === 0 && this.#units.length === 0;
    if (isKnown && !ofAnyDay) await this.#measure(new Map());
    let done = 0;
    for (const chunk of chunksOf([...missing], most)) {
      signal?.throwIfAborted();
      await this.#measure(new Map(chunk));
      onProgress?.(done += chunk.length, missing.size);
    }
    const stored = signatures.map((signature) => this.#cache.get(signature)!);
    const unit = this.#units.length > 0
      ? this.unit
      : undisturbedTime(stored.map(({ unit }) => unit));
    return stored.map((time) => inMilliseconds(time, unit));
  }

  async #measure(timed: ReadonlyMap<string, TimedSubgraph>): Promise<void> {
    let [unit, times] = await this.#once(timed);
    const expected = this.#units.length > 0 ? this.unit : unit;
    const isOff = (ms: number) => Math.max(ms / expected, expected / ms) > DRIFT;
    if (isOff(unit)) {
      const [again, later] = await this.#once(timed);
      if (again < unit) [unit, times] = [again, later];
    }
    const drifted = isOff(unit);
    if (drifted) this.#drifted++;
    this.#units.push(unit);
    const load = machineLoad();
    const stretch = stretchOf(times);
    const moment = {
      at: new Date().toISOString(),
      load: load.average / load.cores,
      unit,
      ...(stretch !== undefined && { stretch }),
      clock: stretch === undefined ? "runs" : "runtime",
      drifted,
    } as const;
    const found = new Map([...timed.keys()].map((signature, i) => {
      this.#measured.add(signature);
      return [signature, { ...inUnits(times[i]!, unit), ...moment }];
    }));
    if (isWorthKeeping({ stretch, load, drifted })) return await this.#cache.add(found);
    this.#disturbed += found.size;
    this.#cache.use(found);
  }

  async #once(timed: ReadonlyMap<string, TimedSubgraph>): Promise<[number, readonly KernelTime[]]> {
    const times = await this.#kernelTimer([...timed.values(), referenceLoad()]);
    return [times.at(-1)!.ms, times.slice(0, -1)];
  }
}

/** Reads the runtime's own clock; where this build hides it, times each subgraph by itself. */
function kernelTimerOf(runtime: Runtime, signal?: AbortSignal): KernelTimer {
  const together = settling(async (timed) => {
    const overhead = await profilingOverhead(runtime);
    return overhead && await timeKernels(runtime, timed, overhead, { signal });
  });
  return async (timed) => await together(timed) ?? await eachByItself(runtime, timed, signal);
}

/** Conversions at the edges of a subgraph are not told apart here: they count to it. */
async function eachByItself(
  runtime: Runtime,
  timed: readonly TimedSubgraph[],
  signal?: AbortSignal,
): Promise<KernelTime[]> {
  const subgraphs = timed.map(({ subgraph }) => subgraph);
  const times = await timeOneByOne(runtime, subgraphs, { signal });
  return times.map((ms, i) => ({
    ms,
    input: "float",
    output: "float",
    conversions: [],
    runs: subgraphs[i]!.model.graph.node.map(({ opType }) => opType),
  }));
}

function chunksOf(
  timed: readonly [string, TimedSubgraph][],
  mostBytes: number,
): [string, TimedSubgraph][][] {
  const chunks: [string, TimedSubgraph][][] = [];
  let bytes = Infinity;
  for (const entry of timed) {
    const { model, feeds } = entry[1].subgraph;
    const own = model.graph.initializer.reduce((sum, tensor) => sum + byteLengthOf(tensor), 0) +
      sizeOf(Object.values(feeds));
    const last = chunks.at(-1);
    if (last && last.length < TOGETHER && bytes + own <= mostBytes) {
      last.push(entry);
      bytes += own;
    } else {
      chunks.push([entry]);
      bytes = own;
    }
  }
  return chunks;
}

/** How many times their undisturbed time kernels took in the mean; undefined where that is not told. */
function stretchOf(times: readonly KernelTime[]): number | undefined {
  const sum = (msOf: (time: KernelTime) => number | undefined) =>
    times.reduce((total, time) => total + (msOf(time) ?? NaN), 0);
  const stretch = sum(({ meanMs }) => meanMs) / sum(({ ms }) => ms);
  return Number.isFinite(stretch) ? stretch : undefined;
}

function inUnits(
  { ms, meanMs: _, conversions, ...rest }: KernelTime,
  unit: number,
): Pick<StoredTime, "time" | "input" | "output" | "conversions" | "runs"> {
  return {
    ...rest,
    runs: [...rest.runs],
    time: ms / unit,
    conversions: conversions.map(({ ms, ...conversion }) => ({ ...conversion, time: ms / unit })),
  };
}

function inMilliseconds(stored: StoredTime, unit: number): KernelTime {
  const { time, conversions, input, output, runs } = stored;
  return {
    ...{ input, output, runs } as Pick<KernelTime, "input" | "output" | "runs">,
    ms: time * unit,
    conversions: conversions.map(({ time, ...conversion }) => ({ ...conversion, ms: time * unit })),
  };
}
