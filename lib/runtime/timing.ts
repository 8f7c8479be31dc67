/** One run of a model on one of the samples. */
export type Run = (sample: number) => Promise<unknown>;

/** Options for {@linkcode warmUp} and {@linkcode interleave}. */
export interface ClockOptions {
  /** Time in milliseconds. @default {performance.now} */
  now?: () => number;
  /** Called between measurements, never within one; may throw to stop. */
  between?: () => void;
}

/** How a model settled. */
export interface WarmUp {
  /** Runs it took. */
  readonly runs: number;
  /** Milliseconds of one run at the end. */
  readonly ms: number;
}

/** Options for {@linkcode warmUp}. */
export interface WarmUpOptions extends ClockOptions {
  /** Short models are run several times until a measurement is this long. @default {5} */
  minMs?: number;
  /** Most milliseconds to spend on a model whose times never agree. @default {1500} */
  maxMs?: number;
}

/** Measurements that are looked at together, and the least there are. */
const WINDOW = 4;

/** How far apart measurements may lie that agree, as a share of the shortest. */
const SPREAD = 0.1;

/** On a busy machine they never agree: then it is enough that the best of four gets no better. */
const GAIN = 0.05;

/** Most measurements; a model that jumps about by then always will. */
const MOST = 60;

/**
 * Time for V8 to notice what is hot: it compiles WASM quickly first and well later, on other threads,
 * and short models would look steady long before the good code arrives.
 */
const LEAST_MS = 150;

/**
 * Runs a model until its time is steady: the last four measurements lie within 10 % of each other, or
 * the best of them is no better than the best of the four before. The first runs of a fresh process
 * take up to six times as long as later ones.
 *
 * @param samples Number of samples, which take turns.
 */
export async function warmUp(
  run: Run,
  samples: number,
  options: WarmUpOptions = {},
): Promise<WarmUp> {
  const { now = () => performance.now(), between, minMs = 5, maxMs = 1500 } = options;
  const times: number[] = [];
  const start = now();
  let runs = 0;
  for (;;) {
    between?.();
    const from = now();
    const first = runs;
    do await run(runs++ % samples); while (now() - from < minMs);
    times.push((now() - from) / (runs - first));

    const last = times.slice(-WINDOW);
    const shortest = Math.min(...last);
    const before = times.slice(-2 * WINDOW, -WINDOW);
    const agree = Math.max(...last) <= shortest * (1 + SPREAD);
    const settled = before.length === WINDOW && shortest >= Math.min(...before) * (1 - GAIN);
    const spent = now() - start;
    const steady = spent >= LEAST_MS && (agree || settled);
    const enough = steady || spent >= maxMs || times.length >= MOST;
    if (times.length >= WINDOW && enough) return { runs, ms: shortest };
  }
}

/** Options for {@linkcode interleave}. */
export interface InterleaveOptions extends ClockOptions {
  /** How often every model has its turn. @default {15} */
  rounds?: number;
  /** Short models are run several times a turn, until it is this long. @default {5} */
  minMs?: number;
  /**
   * Milliseconds after which no round begins, once there are seven. Long runs differ less from one to
   * the next, so that fewer of them do. @default {Infinity}
   */
  maxMs?: number;
}

/** Rounds from which a median has an interval at all, and one to spare. */
const FEWEST_ROUNDS = 7;

/** A model that takes part in {@linkcode interleave}. */
export interface Contestant {
  readonly run: Run;
  /** What one run takes, about: decides how many runs make a turn. */
  readonly ms: number;
}

/** How many times longer than asked for a turn may be, so that all models see the same samples. */
const LONGEST_TURN = 20;

/**
 * Times several models against each other: each has one turn per round, on the same samples, so that
 * a machine that slows down slows all of them. The order changes from round to round, forth and back
 * (AB BA BA AB), so that no model profits from its place.
 *
 * @param samples Number of samples, which take turns.
 * @returns Milliseconds of one run, `[round][contestant]`.
 */
export async function interleave(
  contestants: readonly Contestant[],
  samples: number,
  options: InterleaveOptions = {},
): Promise<number[][]> {
  const { now = () => performance.now(), between, rounds = 15, minMs = 5 } = options;
  const { maxMs = Infinity } = options;
  const start = now();
  const repeats = repeatsFor(contestants.map(({ ms }) => ms), minMs);
  const ms: number[][] = [];
  let sample = 0;
  for (let round = 0; round < rounds; round++) {
    const row = new Array<number>(contestants.length).fill(0);
    for (const i of turns(contestants.length, round)) {
      between?.();
      const { run } = contestants[i]!;
      const count = repeats[i]!;
      const from = now();
      for (let k = 0; k < count; k++) await run((sample + k) % samples);
      row[i] = (now() - from) / count;
    }
    ms.push(row);
    if (ms.length >= FEWEST_ROUNDS && now() - start >= maxMs) break;
    sample += Math.max(...repeats);
  }
  return ms;
}

/**
 * Runs that make a turn: as many for all as the shortest model needs for `minMs`, so that all meet
 * the same samples; fewer for those that are so slow that it would take for ever.
 */
export function repeatsFor(ms: readonly number[], minMs: number): number[] {
  const shared = Math.ceil(minMs / Math.min(...ms));
  return ms.map((time) =>
    shared * time <= LONGEST_TURN * minMs ? shared : Math.max(1, Math.ceil(minMs / time))
  );
}

/** Order of `count` turns in a round: the start moves every second round, the direction every round. */
export function turns(count: number, round: number): number[] {
  const start = Math.floor(round / 2);
  const order = Array.from({ length: count }, (_, i) => (start + i) % count);
  return round % 2 === 0 ? order : order.reverse();
}
