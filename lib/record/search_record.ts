import { z } from "zod";
import { OBJECTIVES } from "./objective.ts";

/** What one layer of a network became in a search, and why. */
const decisionRow = z.strictObject({
  /** Name of its first node in the network as given. */
  node: z.string(),
  /** Kernels that compute it: more than one, where it was cut into several. */
  kernels: z.int(),
  /** Operators, joined by " + ". */
  opType: z.string(),
  /** Module path, "" where none can be recovered. */
  path: z.string(),
  /** `float32`, `static`, `dynamic`, `int8 weights`, ...; of several, that which most time goes to. */
  form: z.string(),
  /** Tensors whose range another observer chose than the usual one, as `observer of tensor`. */
  observers: z.array(z.string()).optional(),
  /** Milliseconds of its kernels as measured by themselves, changes of precision around them aside. */
  ms: z.number(),
  /** Milliseconds and bytes that the whole has less than with this layer in plain float32. */
  savesMs: z.number(),
  savesBytes: z.number(),
  /** Signal over the noise that it adds at the worst output, dB; absent where it adds none. */
  dB: z.number().optional(),
  /** Drop of the metric to be expected of that noise alone. */
  drop: z.number().optional(),
  /** The next best form: what the whole would have more of, and the noise of the layer then. */
  next: z.strictObject({
    form: z.string(),
    ms: z.number(),
    bytes: z.number(),
    dB: z.number().optional(),
    drop: z.number().optional(),
  }).optional(),
  why: z.string(),
});
/** What one layer of a network became in a search, and why: plain JSON. */
export type DecisionRow = z.infer<typeof decisionRow>;

/** What a search has to tell beside its trials. */
export const searchRecord = z.strictObject({
  objective: z.enum(OBJECTIVES),
  /** Minutes it was given. */
  minutes: z.number(),
  /** Why it came to its end. */
  ended: z.string(),
  /** What is to be known of it, in sentences. */
  notes: z.array(z.string()),
  /** Keys of the trials that no other beats in accuracy, latency and size at once, fastest first. */
  front: z.array(z.string()),
  /** Noise measured over the sum of what single layers bring: 1 if they add up. */
  scale: z.number().optional(),
  /** The winner, layer by layer; empty where none has been placed by measurement. */
  decisions: z.array(decisionRow),
});
/** What a search has to tell beside its trials: plain JSON. */
export type SearchRecord = z.infer<typeof searchRecord>;
