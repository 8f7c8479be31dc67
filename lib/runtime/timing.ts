import { type Clock, wallClock } from "./clock.ts";
import { areVague, haveMoved } from "./drift.ts";
import type { Run } from "./warm_up.ts";

/** Options for {@linkcode interleave}. */
export interface InterleaveOptions {
  /** @default {the time on the wall} */
  clock?: Clock;
  /** Called between measurements, never within one; may throw to stop. */
  between?: () => void;
  /** How often every model has its turn. @default {15} */
  rounds?: number;
  /** Short models are run several times a turn, until it is this long. @default {5} */
  minMs?: number;
  /**
   * Milliseconds on the wall after which no round begins, once there are seven. Long runs differ less from one to
   * the next, so that fewer of them do. @default {Infinity}
   */
  maxMs?: number;
}

/** Rounds from which a median has an interval at all, and one to spare. */
const FEWEST_ROUNDS = 7;

/** A model that takes part in {@linkcode interleave}. */
export interface Contestant {
  readonly run: Run;
  /** Milliseconds of one run, about: decides how many runs make a turn. */
  readonly ms: number;
}

/** What {@linkcode interleave} measured: milliseconds of one run, `[round][contestant]`. */
export interface TurnTimes {
  /** Of the clock. */
  readonly ms: number[][];
  /** On the wall. */
  readonly wallMs: number[][];
}

/** How many times longer than asked for a turn may be, so that all models see the same samples. */
const LONGEST_TURN = 20;

/**
 * Times several models against each other: each has one turn per round, on the same samples, so that
 * a machine that slows down slows all of them. The order changes from round to round, forth and back
 * (AB BA BA AB), so that no model profits from its place.
 *
 * @param samples Number of samples, which take turns.
 */
export async function interleave(
  contestants: readonly Contestant[],
  samples: number,
  options: InterleaveOptions = {},
): Promise<TurnTimes> {
  const { clock = wallClock, between, rounds = 15, minMs = 5, maxMs = Infinity } = options;
  const { now } = clock;
  const start = wallClock.now();
  const repeats = repeatsFor(contestants.map(({ ms }) => ms), minMs);
  const turnsTaken: TurnTimes = { ms: [], wallMs: [] };
  let sample = 0;
  for (let round = 0; round < rounds; round++) {
    const row = new Array<number>(contestants.length).fill(0);
    const wallRow = row.slice();
    for (const i of turns(contestants.length, round)) {
      between?.();
      const { run } = contestants[i]!;
      const count = repeats[i]!;
      const [from, fromOnWall] = [now(), wallClock.now()];
      for (let k = 0; k < count; k++) await run((sample + k) % samples);
      row[i] = (now() - from) / count;
      wallRow[i] = (wallClock.now() - fromOnWall) / count;
    }
    turnsTaken.ms.push(row);
    turnsTaken.wallMs.push(wallRow);
    if (turnsTaken.ms.length >= FEWEST_ROUNDS && wallClock.now() - start >= maxMs) break;
    sample += Math.max(...repeats);
  }
  return turnsTaken;
}

/** Options for {@linkcode interleaveUntilSteady}. */
export interface SteadyOptions extends InterleaveOptions {
  /** Milliseconds on the wall after which models that still move are left at that. @default {3000} */
  patienceMs?: number;
}

/**
 * Times models against each other until none of them moves any more, see {@linkcode interleave}: what
 * runs for a while longer may turn out not to have been warm. Rounds in which one moved do not count.
 * Where the ratios of rounds spread too widely to know them, as they do on the wall of a busy machine,
 * there are as many rounds more, as long as patience lasts.
 *
 * @returns The rounds since the last move; where all move to the end, the last.
 */
export async function interleaveUntilSteady(
  contestants: readonly Contestant[],
  samples: number,
  options: SteadyOptions = {},
): Promise<TurnTimes> {
  const { rounds = 15, patienceMs = 3000 } = options;
  // Who asks for so few wants an answer soon, and halves of them tell nothing.
  if (rounds < FEWEST_ROUNDS) return await interleave(contestants, samples, options);
  const start = wallClock.now();
  let all: TurnTimes = { ms: [], wallMs: [] };
  for (;;) {
    const { ms, wallMs } = await interleave(contestants, samples, options);
    const isLate = wallClock.now() - start >= patienceMs;
    if (haveMoved(ms)) {
      all = { ms: [], wallMs: [] };
      if (isLate) return { ms, wallMs };
      continue;
    }
    all = { ms: [...all.ms, ...ms], wallMs: [...all.wallMs, ...wallMs] };
    if (isLate || !areVague(all.ms)) return all;
  }
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
