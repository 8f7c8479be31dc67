import type { RuntimeName } from "./runtime_name.ts";
import type { Latency } from "./trial_record.ts";

/**
 * Something that makes a file slower or larger than it need be, all nodes of a kind together.
 * @category Records (advanced)
 */
export interface FileFinding {
  /** Which kind: `s8-activations`. */
  rule: string;
  /** The same in two or three words. */
  title: string;
  /** Nodes of the file, by name; those that came without one have that of their first output. */
  nodes: string[];
  /** How many layers they make. */
  layers: number;
  /** Milliseconds of a run that go into them, conversions around them included; absent where none are known. */
  ms?: number;
  /** Of the whole run, 0..1. */
  share?: number;
  /** Milliseconds of the same layers in the form that mends them, measured beside it. */
  mendedMs?: number;
  /** What that form is. */
  mendedAs?: "float32" | "exact";
  /** Milliseconds of a run that could be saved. */
  savesMs: number;
  /** Bytes of the file that nobody needs. */
  bytes?: number;
  /** Why it is so, in plain words. */
  why: string;
  /** What mends it, in plain words. */
  mends: string;
}

/**
 * What an ONNX file costs on onnxruntime-web's WASM kernels, and why.
 * @category Records (advanced)
 */
export interface DiagnosisRecord {
  /** Version of this form. */
  schema: 1;
  /** The file: name, SHA-256 and size in bytes. */
  model: { name: string; hash: string; bytes: number };
  /** How many of its layers are int8, or have int8 weights. */
  int8Layers: number;
  /** Its time against that of the same network in float32 kernels, in turns; absent where nothing is int8. */
  latency?: Latency;
  /** The time of the same network in float32 and in faster operators against that of the file. */
  exactLatency?: Latency;
  /** Milliseconds of a whole run, as an application sees it. */
  wholeMs: number;
  /** Most to be saved first. */
  findings: FileFinding[];
  /** Layers that are int8 and faster for it. */
  faster?: { layers: number; ms: number; float32Ms: number };
  /** Layers that are int8 and as fast as in float32, within a seventh. */
  alike: number;
  /** Nodes on integers that are not known: name, operator and the reason. */
  left: { name: string; operator: string; why: string }[];
  /** Shapes that it was fed; times hold for these. */
  inputs: Record<string, number[]>;
  /** Whether what it was fed was made up. */
  madeUp: boolean;
  /** Threads of the runtime. */
  threads: number;
  /** `graph`: nodes timed in their place. `alone`: each in a model of its own, as the runtime's clock cannot be read. */
  method: "graph" | "alone";
  /** Fingerprint of the machine: processor, cores, versions. */
  machine: string;
  /** What ran it. */
  runtime?: RuntimeName;
}
