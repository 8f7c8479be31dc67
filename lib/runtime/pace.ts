import { environment } from "../environment.ts";

/** How much time goes into making sure that times are right, in milliseconds. */
export interface Pace {
  /** Least of a turn: shorter models are run several times. */
  readonly minRoundMs: number;
  /** Most, of the clock, that a model is warmed up for. */
  readonly warmUpMs: number;
  /** On the wall, after which models that still move are left at that. */
  readonly patienceMs: number;
  /** Most workers per model in which a cold start is measured. */
  readonly coldRounds: number;
  /** Whether times of this pace mean nothing. */
  readonly isHasty: boolean;
}

const CAREFUL: Pace = {
  ...{ minRoundMs: 25, warmUpMs: 3000, patienceMs: 3000 },
  ...{ coldRounds: Infinity, isHasty: false },
};

const HASTY: Pace = {
  ...{ minRoundMs: 2, warmUpMs: 20, patienceMs: 0 },
  ...{ coldRounds: 1, isHasty: true },
};

/**
 * The pace of measurements. Where `$OCTAVO_HASTY` is 1, as the tasks `test` and `notebooks` set it, it is
 * that of tests of what is done with times, whatever they are.
 */
export function measuringPace(): Pace {
  return environment("OCTAVO_HASTY") === "1" ? HASTY : CAREFUL;
}
