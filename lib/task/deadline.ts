import { UserError } from "../errors.ts";
import type { Trial } from "../record/trial_record.ts";
import type { TrialAsk, TrialStrategy } from "../study/trial_ask.ts";

/** Seconds that the last steps take beside the test split: profiles, models, charts. */
const ENDING_SECONDS = 12;

/** A trial may take so many times as long as the longest before it. */
const LONGER = 1.25;

/** How long a study may take. */
export interface DeadlineOptions {
  /** Most minutes. @default {no limit} */
  readonly minutes?: number;
  /** When it began, ms. */
  readonly started: number;
  /** Seconds that float32 took on the selection split. */
  readonly floatSeconds: number;
  /** Samples of the test split for each one of the selection split. */
  readonly testShare: number;
  /** Clock in milliseconds. @default {performance.now} */
  readonly now?: () => number;
}

/** When a study has to ask no more, so that it ends in time with its winner tested and written. */
export class Deadline implements Disposable {
  /** Milliseconds of the clock at which the last trial has to be over. */
  readonly #last: number;
  /** Milliseconds of the clock at which all has to be over. */
  readonly #end: number;
  readonly #now: () => number;
  readonly #late = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The longest that a trial took, ms. */
  #slowest = 0;
  #isOver = false;

  constructor(options: DeadlineOptions) {
    const { minutes = Infinity, started, floatSeconds, testShare } = options;
    const { now = () => performance.now() } = options;
    this.#now = now;
    const reserve = Math.min(ENDING_SECONDS + 2 * floatSeconds * testShare, minutes * 60 / 3);
    this.#end = started + minutes * 60_000;
    this.#last = this.#end - 1000 * (minutes < Infinity ? reserve : 0);
    if (minutes < Infinity) {
      const late = new DOMException("The time is up", "TimeoutError");
      const stop = () => {
        this.#isOver = true;
        this.#late.abort(late);
      };
      this.#timer = setTimeout(stop, Math.max(0, this.msLeft()));
    }
  }

  /** Aborts when the time for trials is up. */
  get signal(): AbortSignal {
    return this.#late.signal;
  }

  /** Whether the time was up before the strategy had asked for all it wanted. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Milliseconds left for trials. */
  msLeft(): number {
    return this.#last - this.#now();
  }

  /** Whether there is time left for steps that a study can do without. */
  get isSpent(): boolean {
    return this.#now() >= this.#end - 1000 * ENDING_SECONDS / 2;
  }

  /** The strategy as long as there is time for a trial as long as the longest so far. */
  over(strategy: TrialStrategy): TrialStrategy {
    let asked = this.#now();
    return {
      ask: async () => {
        if (this.msLeft() < LONGER * this.#slowest) {
          this.#isOver = true;
          return [];
        }
        const asks = await strategy.ask();
        asked = this.#now();
        return asks;
      },
      tell: (ask: TrialAsk, trial: Trial) => {
        this.#slowest = Math.max(this.#slowest, this.#now() - asked);
        asked = this.#now();
        strategy.tell(ask, trial);
      },
    };
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

/** Refuses a time limit in which not one trial would come to its end. */
export function requireTime(
  minutes: number,
  floatSeconds: number,
  leftMs: number,
  baseline = "float32",
): void {
  // A trial evaluates as long as float32 did, and times about as long again.
  const trial = 2 * floatSeconds + 1;
  if (leftMs / 1000 > trial) return;
  const enough = Math.ceil(10 * (4 * trial + floatSeconds) / 60) / 10;
  throw new UserError(
    `Cannot measure anything within ${minutes} minutes: ${baseline} alone took ${
      floatSeconds.toFixed(1)
    } s, and one trial takes about ${trial.toFixed(0)} s; give it ${enough} minutes or more, or ` +
      `fewer selection samples`,
  );
}
