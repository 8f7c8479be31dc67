/** What a sweep is doing just now. */
export interface Progress {
  /** `float32`, `calibration`, `accuracy`, `latency`, `test`. */
  readonly doing: "float32" | "calibration" | "accuracy" | "latency" | "test";
  /** The configuration it is done for, where it is for one. */
  readonly configuration?: string;
  /** Share of this step that is done, 0..1. */
  readonly step: number;
  /** Share of all work of this run that is done, 0..1, from the number of runs of the network. */
  readonly all: number;
}

/**
 * Keeps count of the work of a sweep, in runs of the network, so that somebody can be told how far it
 * is. Steps are announced with their size before the first begins.
 */
export class Work {
  #total = 0;
  #done = 0;
  readonly #report: (progress: Progress) => void;

  constructor(report: (progress: Progress) => void) {
    this.#report = report;
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
  begin(
    doing: Progress["doing"],
    runs: number,
    of: number,
    configuration?: string,
  ): (done: number) => void {
    const before = this.#done;
    const report = (done: number) => {
      this.#done = before + runs * done / of;
      const all = this.#total > 0 ? Math.min(1, this.#done / this.#total) : 1;
      this.#report({ doing, step: done / of, all, ...(configuration && { configuration }) });
    };
    report(0);
    return report;
  }
}
