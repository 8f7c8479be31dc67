import type { GivenRecord } from "./given_record.ts";
import type { Binary } from "./binary.ts";
import type { Download } from "./download.ts";
import type { Estimate } from "./metric_info.ts";

/**
 * What serves a model, side by side: each binary of one release of onnxruntime-web, or several releases. What is
 * measured is measured in turns, on one machine.
 */
export interface RuntimeTable {
  /** Version of this form. */
  schema: 1;
  /** What was run. */
  subject: {
    /** The model: its name, and the size of its file. */
    name: string;
    bytes: number;
    /** Name of the network that its time is held against; absent where it is none or that itself. */
    float32?: string;
    /** What that network is, where it is int8 already; absent: it is float32. */
    given?: GivenRecord;
    /** Where the inputs came from. */
    samples: string;
  };
  /** What ran it: `Deno 2.9.6, V8 14.9`. */
  engine: string;
  /** Processor, system and engine in one line. */
  machine: string;
  /** Threads of the runtime. */
  threads: number;
  /** The first row that ran is what the others are held against. */
  rows: RuntimeRow[];
}

/** A binary of a release, or a release. */
export interface RuntimeRow {
  /** Version of onnxruntime-web, or what was asked for where it does not start. */
  release: string;
  binary: Binary;
  /** What a page loads by each import that leads to this binary. */
  loads?: EntryLoad[];
  /** Why it could not be measured: the release does not start, or refuses the model. */
  refused?: string;
  /** Until the runtime and its first session are there. */
  start?: {
    ms: number;
    /** To that of the first row. */
    ratio: Estimate;
  };
  /** Milliseconds of a run of the model. */
  ms?: number;
  /** The same to that of the first row. */
  toFirst?: Estimate;
  /** The model's time to that of float32 in the same binary. */
  ratio?: Estimate;
  /** Whether every output has the bits that it has in the first row; else where they part. */
  bits?: "same" | Parting;
  /** Nodes that are executed; absent where that cannot be read. */
  nodes?: number;
  /** What is executed otherwise than in the row before. */
  changes?: ExecutedChange[];
  /** The node whose kernel's time changed most from that in the row before; absent where none did beyond noise. */
  kernel?: KernelChange;
}

/** What a page loads that imports onnxruntime-web by one of its entries, without a bundler. */
export interface EntryLoad {
  /** What is imported: `onnxruntime-web/wasm`. */
  entry: string;
  /** Names of its files. */
  files: string[];
  /** Of all its files together. */
  bytes: number;
  download: Download;
}

/** The first tensor, in the order of execution, that is not the same to the bit. */
export interface Parting {
  /** Name of the model that it was seen in, which may be the float32 network. */
  model: string;
  /** The node that makes it, by name or first output; "" where only the outputs were seen to differ. */
  node: string;
  /** Operator of that node. */
  opType: string;
  /** Name of the tensor. */
  tensor: string;
}

/** How often an operator is executed in one release and in another. */
export interface ExecutedChange {
  opType: string;
  before: number;
  after: number;
  /** A node of it that is only there in one of them. */
  node: string;
}

/** The time of a node in one release and in another. */
export interface KernelChange {
  node: string;
  opType: string;
  /** Milliseconds, medians. */
  before: number;
  after: number;
  /** How much longer it takes, where the machine's pace is taken off. */
  factor: number;
}
