import { z } from "zod";

/** What one node of the float32 network was asked to be, and what the runtime made of it. */
export const planRow = z.strictObject({
  /** Name of the node, or of its first output where it has none. */
  node: z.string(),
  opType: z.string(),
  /** Module path, "" where none can be recovered. */
  path: z.string(),
  /** The qconfig the mapping resolves to: `float32`, `static`, `dynamic`, `weightOnly`. */
  asked: z.string(),
  /** The qconfig that it has got instead; absent where that is the same. */
  applied: z.string().optional(),
  /** Operator that runs in the runtime's optimized graph, e.g. `QLinearConv`; "" when not read back. */
  executes: z.string(),
  /** Whether that is another node's kernel, which this one runs inside of; absent where it is not. */
  inside: z.boolean().optional(),
  /** Why it is so: the rule that matched, the kernel fact that forbids, the fusion it went into. */
  why: z.string(),
  /**
   * Bytes of its float32 weights, of what has weights or multiplies matrices (a layer); absent of all other
   * nodes.
   */
  weights: z.int().optional(),
  /** Bytes of these that a layer before it reads too; absent where there are none. */
  shared: z.int().optional(),
  /** Milliseconds of what executes; absent where it was not timed, or runs inside another's kernel. */
  ms: z.number().optional(),
  /**
   * SQNR of what it gives against float32's own, dB, with the errors of all before it; absent where it
   * was not measured or is equal to the bit.
   */
  dB: z.number().optional(),
});
/** What one node was asked to be, and what the runtime made of it: plain JSON. */
export type PlanRow = z.infer<typeof planRow>;
