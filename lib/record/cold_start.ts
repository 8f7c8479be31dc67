import type { Estimate } from "./metric_info.ts";

/**
 * One thing of a start, of float32 and of a candidate.
 * @category Records (advanced)
 */
export interface Compared {
  /** Median of float32's. */
  baseline: number;
  /** Median of the candidate's. */
  candidate: number;
  /** Candidate / float32; below 1 is better. Median of the rounds' ratios, with its interval. */
  ratio: Estimate;
}

/**
 * What a page waits for that opens a model for the first time, against float32, from workers in which
 * nothing was loaded or compiled before.
 * @category Records (advanced)
 */
export interface ColdStartRecord {
  /** Workers per model. From six on intervals are of 95 %; of fewer they hold all that was measured. */
  rounds: number;
  /** Whose time it is: that of the thread that did the work, or the wall's. */
  clock: "thread" | "process" | "wall";
  /** Milliseconds until the session was there; the runtime itself had started before. */
  create: Compared;
  /** Milliseconds of the first run. */
  first: Compared;
  /** Milliseconds of running until a run takes what it comes to, within 10 %; absent where not measured. */
  steady?: Compared;
  /** Most bytes of the WASM heap, the runtime's own among them. */
  heap: Compared;
}
