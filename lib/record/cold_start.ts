import { z } from "zod";
import { estimate } from "./metric_info.ts";

/** One thing of a start, of float32 and of a candidate. */
const compared = z.strictObject({
  /** Median of float32's. */
  baseline: z.number(),
  /** Median of the candidate's. */
  candidate: z.number(),
  /** Candidate / float32; below 1 is better. Median of the rounds' ratios, with its interval. */
  ratio: estimate,
});

/**
 * What a page waits for that opens a model for the first time, against float32, from workers in which
 * nothing was loaded or compiled before.
 */
export const coldStart = z.strictObject({
  /** Workers per model. From six on intervals are of 95 %; of fewer they hold all that was measured. */
  rounds: z.int(),
  /** Whose time it is: that of the thread that did the work, or the wall's. */
  clock: z.enum(["thread", "process", "wall"]),
  /** Milliseconds until the session was there; the runtime itself had started before. */
  create: compared,
  /** Milliseconds of the first run. */
  first: compared,
  /** Milliseconds of running until a run takes what it comes to, within 10 %; absent where not measured. */
  steady: compared.optional(),
  /** Most bytes of the WASM heap, the runtime's own among them. */
  heap: compared,
});
/** What a page waits for that opens a model for the first time: plain JSON. */
export type ColdStartRecord = z.infer<typeof coldStart>;
