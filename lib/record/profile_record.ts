import type { RuntimeName } from "./runtime_name.ts";

/**
 * The time of one node of the graph that the runtime executes.
 * @category Records (advanced)
 */
export interface ProfiledNode {
  /** Name of the node of the model that it stands for; "" for what the runtime put in by itself. */
  node: string;
  /** Operator that runs, e.g. `QLinearConv`. */
  opType: string;
  /** Module path; of what the runtime put in that of the node it serves; "" where there is none. */
  path: string;
  /** Operators of the model whose work it does, e.g. `Conv`, `BatchNormalization`, `Relu`. */
  covers: string[];
  /** How many bodies of If, Loop or Scan it lies in. */
  depth: number;
  /** Executions in one run. */
  executions: number;
  /** Shape of its first output. */
  shape: number[];
  /** Milliseconds in one run, without what is in its bodies. */
  ms: number;
  /** Of all nodes' time, 0..1. */
  share: number;
  /** Multiplications with an addition in one run; absent for operators not made of them. */
  macs?: number;
}

/**
 * Where the time of a model goes, node by node.
 * @category Records (advanced)
 */
export interface ProfileRecord {
  /** Version of this form. */
  schema: 1;
  /** The model: name, SHA-256 and size of its file in bytes. */
  model: {
    name: string;
    hash: string;
    bytes: number;
  };
  /** Shapes that it was fed; times hold for these. */
  inputs: Record<string, number[]>;
  /** Threads of the runtime. */
  threads: number;
  /** `graph`: all nodes in their place. `alone`: each in a model of its own, where the runtime's build does not let its own clock be read. */
  method: "graph" | "alone";
  /** Runs behind each time. */
  runs: number;
  /** Milliseconds of a whole run as an application sees it, unobserved. */
  wholeMs: number;
  /** In order of execution. */
  nodes: ProfiledNode[];
  /** Fingerprint of the machine: processor, cores, versions. */
  machine: string;
  /** What ran it; absent in records of before: onnxruntime-web 1.30.0, the plain binary, in Deno. */
  runtime?: RuntimeName;
  /** Processes that wanted a processor while it was measured, the average of a minute. */
  load: number;
  /** The time of a run moved while it was measured. */
  drifted: boolean;
}
