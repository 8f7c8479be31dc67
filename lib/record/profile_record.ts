import { z } from "zod";

/** The time of one node of the graph that the runtime executes. */
const profiledNode = z.strictObject({
  /** Name of the node of the model that it stands for; "" for what the runtime put in by itself. */
  node: z.string(),
  /** Operator that runs, e.g. `QLinearConv`. */
  opType: z.string(),
  /** Module path; of what the runtime put in that of the node it serves; "" where there is none. */
  path: z.string(),
  /** Operators of the model whose work it does, e.g. `Conv`, `BatchNormalization`, `Relu`. */
  covers: z.array(z.string()),
  /** How many bodies of If, Loop or Scan it lies in. */
  depth: z.int(),
  /** Executions in one run. */
  executions: z.int(),
  /** Shape of its first output. */
  shape: z.array(z.int()),
  /** Milliseconds in one run, without what is in its bodies. */
  ms: z.number(),
  /** Of all nodes' time, 0..1. */
  share: z.number(),
  /** Multiplications with an addition in one run; absent for operators not made of them. */
  macs: z.int().optional(),
});
/** The time of one node of the graph that the runtime executes: plain JSON. */
export type ProfiledNode = z.infer<typeof profiledNode>;

/** Where the time of a model goes, node by node. */
export const profileRecord = z.strictObject({
  schema: z.literal(1),
  model: z.strictObject({ name: z.string(), hash: z.string(), bytes: z.int() }),
  /** Shapes that it was fed; times hold for these. */
  inputs: z.record(z.string(), z.array(z.int())),
  threads: z.int(),
  /** `graph`: all nodes in their place. `alone`: each in a model of its own, where the runtime's build does not let its own clock be read. */
  method: z.enum(["graph", "alone"]),
  /** Runs behind each time. */
  runs: z.int(),
  /** Milliseconds of a whole run as an application sees it, unobserved. */
  wholeMs: z.number(),
  /** In order of execution. */
  nodes: z.array(profiledNode),
  /** Fingerprint of the machine: processor, cores, versions. */
  machine: z.string(),
  /** Processes that wanted a processor while it was measured, the average of a minute. */
  load: z.number(),
  /** The time of a run moved while it was measured. */
  drifted: z.boolean(),
});
/** Where the time of a model goes, node by node: plain JSON. */
export type ProfileRecord = z.infer<typeof profileRecord>;
