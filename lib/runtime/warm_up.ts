import { type Clock, wallClock } from "./clock.ts";

/** One run of a model on one of the samples. */
export type Run = (sample: number) => Promise<unknown>;

/** How a model settled. */
export interface WarmUp {
  /** Runs it took. */
  readonly runs: number;
  /** Milliseconds of one run at the end, of the clock. */
  readonly ms: number;
  /** Whether its code was warm in the end; false where the time was up before. */
  readonly isWarm: boolean;
}

/** Options for {@linkcode warmUp}. */
export interface WarmUpOptions {
  /** @default {the time on the wall} */
  clock?: Clock;
  /** Called between measurements, never within one; may throw to stop. */
  between?: () => void;
  /** Most milliseconds, of the clock, to spend on a model that never settles. @default {3000} */
  maxMs?: number;
}

/** Short models are run several times until a measurement is this long. */
const MEASUREMENT_MS = 25;

/** Measurements that are looked at together: of runs that take long, fewer. */
const WINDOW = { measurements: 4, ofLong: 2, longMs: 250 };

/** What the best of a window may gain on that of the window before, as a share of it. */
const GAIN = 0.02;

/** What V8's compilers may use of a processor while a model runs whose code is warm. */
const COMPILING = 0.05;

/**
 * Time for V8 to notice what is hot: a function's first code counts what it executes, and is compiled
 * again, well, after 13 million bytes of it. What takes a twentieth of the time gets there within this,
 * as the compilers tell; where they cannot be heard, they need time to be done as well.
 */
const LEAST_MS = { heard: 200, unheard: 1000 };

/** What goes on for longer beside a model is no compiler: those were done within 1.3 s of running. */
const NOT_COMPILING_MS = 1500;

/** How much longer than by its own clock it may all take on a busy machine. */
const BUSY = 4;

/** Some runs of a model, measured together. */
interface Measurement {
  /** Milliseconds of one run. */
  readonly ms: number;
  /** Milliseconds of all its runs. */
  readonly all: number;
  /** Milliseconds of processors that other threads used meanwhile. */
  readonly others: number;
}

/**
 * Runs a model until its code is warm. V8 compiles WASM quickly first, and well, on other threads, what
 * has run for long; in between, times are flat at up to six times what they come to. So it takes all
 * three: the model has run for some time, V8's compilers have nothing left to do (as the time tells that
 * the process' other threads use), and its times fall no more.
 *
 * @param samples Number of samples, which take turns.
 */
export async function warmUp(
  run: Run,
  samples: number,
  options: WarmUpOptions = {},
): Promise<WarmUp> {
  const { clock = wallClock, between, maxMs = 3000 } = options;
  const minMs = Math.min(MEASUREMENT_MS, maxMs / 8); // so that both windows fit into it
  const { now } = clock;
  const least = Math.min(maxMs, clock.others ? LEAST_MS.heard : LEAST_MS.unheard);
  const measurements: Measurement[] = [];
  const [start, startOnWall] = [now(), wallClock.now()];
  let runs = 0;
  for (;;) {
    between?.();
    const [from, first, othersFrom] = [now(), runs, clock.others?.() ?? 0];
    do await run(runs++ % samples); while (now() - from < minMs);
    const all = now() - from;
    const others = (clock.others?.() ?? 0) - othersFrom;
    measurements.push({ ms: all / (runs - first), all, others });

    const window = all > WINDOW.longMs ? WINDOW.ofLong : WINDOW.measurements;
    const last = measurements.slice(-window);
    const ms = Math.min(...last.map(({ ms }) => ms));
    const isDone = isQuiet(last) || now() - start >= NOT_COMPILING_MS;
    const isWarm = now() - start >= least && isDone &&
      isFlat(last, measurements.slice(-2 * window, -window));
    const isLate = now() - start >= maxMs || wallClock.now() - startOnWall >= BUSY * maxMs;
    if (isWarm || isLate && last.length === window) return { runs, ms, isWarm };
  }
}

/** Whether V8's compilers have nothing to do. */
function isQuiet(measurements: readonly Measurement[]): boolean {
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  const used = sum(measurements.map(({ others }) => others));
  return used <= COMPILING * sum(measurements.map(({ all }) => all));
}

/** Whether times fall no more. */
function isFlat(last: readonly Measurement[], before: readonly Measurement[]): boolean {
  const best = (measurements: readonly Measurement[]) =>
    Math.min(...measurements.map(({ ms }) => ms));
  return before.length === last.length && best(last) >= best(before) * (1 - GAIN);
}
