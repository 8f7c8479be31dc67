import type { OnStep, Step } from "../record/event.ts";

/**
 * Keeps count of the work of a study, in runs of the network, so that somebody can be told how far it is.
 * Steps are announced with their size before the first begins; where they cannot be, the share of all
 * that is done stays unknown.
 */
export class StudyProgress {
  #total = 0;
  #done = 0;
  readonly #onStep: OnStep;

  constructor(onStep: OnStep) {
    this.#onStep = onStep;
  }

  /** Work done so far. */
  get done(): number {
    return this.#done;
  }

  /** Announces work; less than nothing takes back what turned out not to be needed. */
  expect(runs: number): void {
    this.#total += runs;
  }

  /** Counts as done up to here, since steps may fall away: taken from the store, or failed. */
  reach(done: number): void {
    this.#done = done;
  }

  /**
   * Begins a step.
   *
   * @param runs Size of the step, as announced.
   * @param of Number of parts that are counted one by one.
   * @returns To be called with the number of parts done; with all of them at the end.
   */
  begin(step: Step, runs: number, of: number, about?: string): (done: number) => void {
    const before = this.#done;
    const report = (done: number) => {
      this.#done = before + runs * done / of;
      this.#onStep({
        ...{ step, done, of },
        ...(about !== undefined && { about }),
        ...(this.#total > 0 && { all: Math.min(1, this.#done / this.#total) }),
      });
    };
    report(0);
    return report;
  }
}
