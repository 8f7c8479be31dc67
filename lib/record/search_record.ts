import type { ConsideredForm } from "./layer_choices.ts";
import type { Objective } from "./objective.ts";

/**
 * What one layer of a network became in a search, and why.
 * @category Records (advanced)
 */
export interface DecisionRow {
  /** Name of its first node in the network as given. */
  node: string;
  /** Kernels that compute it: more than one, where it was cut into several. */
  kernels: number;
  /** Operators, joined by " + ". */
  opType: string;
  /** Module path, "" where none can be recovered. */
  path: string;
  /** `float32`, `static`, `dynamic`, `int8 weights`, ...; of several, that which most time goes to. */
  form: string;
  /** Tensors whose range another observer chose than the usual one, as `observer of tensor`. */
  observers?: string[];
  /** Milliseconds of its kernels as measured by themselves, changes of precision around them aside. */
  ms: number;
  /** Milliseconds that the whole has less than with this layer in plain float32. */
  savesMs: number;
  /** Bytes that the whole has less than with this layer in plain float32. */
  savesBytes: number;
  /** Signal over the noise that it adds at the worst output, dB; absent where it adds none. */
  dB?: number;
  /** Drop of the metric to be expected of that noise alone. */
  drop?: number;
  /** The next best form: what the whole would have more of, and the noise of the layer then. */
  next?: {
    form: string;
    ms: number;
    bytes: number;
    dB?: number;
    drop?: number;
  };
  /** Why it became that, in a sentence. */
  why: string;
  /** All forms that it could have; absent in older records. */
  forms?: ConsideredForm[];
}

/**
 * What a search has to tell beside its trials.
 * @category Records (advanced)
 */
export interface SearchRecord {
  /** What the winner is the best in. */
  objective: Objective;
  /** Minutes it was given. */
  minutes: number;
  /** Why it came to its end. */
  ended: string;
  /** What is to be known of it, in sentences. */
  notes: string[];
  /** Keys of the trials that no other beats in accuracy, latency and size at once, fastest first. */
  front: string[];
  /** Noise measured over the sum of what single layers bring: 1 if they add up. */
  scale?: number;
  /** The winner, layer by layer; empty where none has been placed by measurement. */
  decisions: DecisionRow[];
}
