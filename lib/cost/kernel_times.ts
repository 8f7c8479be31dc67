import { byteLengthOf } from "../onnx/tensor_proto.ts";
import { UnknownBuildError } from "../runtime/runtime_errors.ts";
import type { Pool } from "../runtime/pool.ts";
import { machineFingerprint } from "../runtime/versions.ts";
import { timeAlone } from "../profile/one_by_one.ts";
import { type Branch, type PartTime, timeBranches } from "./time_kernels.ts";
import { CostCache, type StoredTime, userCacheFolder } from "./times_cache.ts";
import { sizeOf } from "../data/first_samples.ts";
import { observerOf } from "../profile/overhead.ts";
import { quietTime } from "../profile/undisturbed.ts";
import { signatureOf } from "./signature.ts";
import { yardstick } from "./reference_load.ts";

/** Times branches in turns: {@linkcode timeBranches}, or what a test puts in its place. */
export type Stopwatch = (branches: readonly Branch[]) => Promise<readonly PartTime[]>;

/** Options for {@linkcode CostBook.open}. */
export interface CostBookOptions {
  /**
   * Folder to keep times in, from which later measurements take what they have in common; false keeps
   * none. @default {octavo in the user's cache folder}
   */
  cache?: string | false;
  /** @default {timeBranches() in the pool, or timeAlone() where that cannot be} */
  stopwatch?: Stopwatch;
  signal?: AbortSignal;
  /** Called with the number of parts measured and the number there are. */
  onProgress?: (done: number, all: number) => void;
}

/** Parts that are timed together at most. */
const TOGETHER = 40;

/** Bytes of weights and inputs that are timed together at most: they are in memory three times. */
const MOST_BYTES = 64e6;

/** Bytes that stay in the caches of any machine: to time fewer together would change nothing. */
const LEAST_BYTES = 256e3;

/** Options for {@linkcode CostBook.times}. */
export interface TimesOptions {
  /**
   * Bytes that the network goes through from one run to the next. Parts are timed together up to as
   * many, so that they find as much of their weights in the caches as they do there: of a network of
   * 400 kB all, which halves its time. @default {64 MB}
   */
  workingSet?: number;
}

/** How far the yardstick may move between measurements before one is done again. */
const DRIFT = 1.15;

/**
 * What parts of networks take on this machine. Each is measured once: a part of the same signature,
 * in this network or another, is taken to take as long.
 */
export class CostBook {
  readonly #cache: CostCache;
  readonly #stopwatch: Stopwatch;
  readonly #options: CostBookOptions;
  /** Milliseconds of the yardstick in each measurement. */
  readonly #yards: number[] = [];
  #drifted = 0;

  private constructor(cache: CostCache, stopwatch: Stopwatch, options: CostBookOptions) {
    this.#cache = cache;
    this.#stopwatch = stopwatch;
    this.#options = options;
  }

  static async open(pool: Pool, options: CostBookOptions = {}): Promise<CostBook> {
    const { cache = userCacheFolder(), signal } = options;
    const machine = `${machineFingerprint()}; ${pool.threads} threads; costs 2`;
    const stored = await CostCache.open(cache === false ? undefined : cache, machine);
    return new CostBook(stored, options.stopwatch ?? stopwatchOf(pool, signal), options);
  }

  /** Milliseconds of the yardstick, in the measurements so far. NaN if there were none. */
  get yard(): number {
    return quietTime(this.#yards);
  }

  /** Measurements during which the machine changed its pace, and which doing again did not mend. */
  get drifted(): number {
    return this.#drifted;
  }

  /** The time of each branch in milliseconds of today, measured if no measurement is kept. */
  async times(branches: readonly Branch[], options: TimesOptions = {}): Promise<PartTime[]> {
    const { workingSet = MOST_BYTES } = options;
    const most = Math.min(MOST_BYTES, Math.max(LEAST_BYTES, workingSet));
    const { signal, onProgress } = this.#options;
    const signatures = branches.map(({ part }) => signatureOf(part.model));
    const missing = new Map<string, Branch>();
    branches.forEach((branch, i) => {
      const signature = signatures[i]!;
      if (!this.#cache.get(signature)) missing.set(signature, branch);
    });
    if (missing.size === 0 && this.#yards.length === 0) await this.#measure(new Map());
    let done = 0;
    for (const chunk of chunksOf([...missing], most)) {
      signal?.throwIfAborted();
      await this.#measure(new Map(chunk));
      onProgress?.(done += chunk.length, missing.size);
    }
    const yard = this.yard;
    return signatures.map((signature) => inMilliseconds(this.#cache.get(signature)!, yard));
  }

  async #measure(branches: ReadonlyMap<string, Branch>): Promise<void> {
    let [yard, times] = await this.#once(branches);
    const expected = this.#yards.length > 0 ? this.yard : yard;
    const isOff = (ms: number) => Math.max(ms / expected, expected / ms) > DRIFT;
    if (isOff(yard)) {
      const [again, later] = await this.#once(branches);
      if (again < yard) [yard, times] = [again, later];
      if (isOff(yard)) this.#drifted++;
    }
    this.#yards.push(yard);
    const signatures = [...branches.keys()];
    await this.#cache.add(
      new Map(signatures.map((signature, i) => [signature, inYards(times[i]!, yard)])),
    );
  }

  async #once(branches: ReadonlyMap<string, Branch>): Promise<[number, readonly PartTime[]]> {
    const times = await this.#stopwatch([...branches.values(), yardstick()]);
    return [times.at(-1)!.ms, times.slice(0, -1)];
  }
}

/** Reads the runtime's own clock, or if this build does not let it be read, times each part alone. */
function stopwatchOf(pool: Pool, signal?: AbortSignal): Stopwatch {
  let warm = false;
  return async (branches) => {
    try {
      // V8 compiles what runs often once more: in a new process the first times are twice as long.
      if (!warm) await timeBranches(pool, branches, await observerOf(pool), { signal });
      warm = true;
      return await timeBranches(pool, branches, await observerOf(pool), { signal });
    } catch (error) {
      if (!(error instanceof UnknownBuildError)) throw error;
      return await timeAlone(pool, branches, { signal });
    }
  };
}

function chunksOf(
  branches: readonly [string, Branch][],
  mostBytes: number,
): [string, Branch][][] {
  const chunks: [string, Branch][][] = [];
  let bytes = Infinity;
  for (const entry of branches) {
    const { model, feeds } = entry[1].part;
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

function inYards({ ms, steps, ...rest }: PartTime, yard: number): StoredTime {
  return {
    ...rest,
    runs: [...rest.runs],
    time: ms / yard,
    steps: steps.map(({ ms, ...step }) => ({ ...step, time: ms / yard })),
  };
}

function inMilliseconds({ time, steps, ...rest }: StoredTime, yard: number): PartTime {
  return {
    ...rest as Pick<PartTime, "input" | "output" | "runs">,
    ms: time * yard,
    steps: steps.map(({ time, ...step }) => ({ ...step, ms: time * yard })),
  };
}
