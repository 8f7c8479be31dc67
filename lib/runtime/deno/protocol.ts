import type { Binary } from "../../record/binary.ts";
import type { Feeds, Tensor } from "../../tensor/tensor.ts";
import type { FailedNode } from "../runtime_errors.ts";
import type { RunProfile } from "../profile_run.ts";
import type { LoadedOrt } from "./deno_environment.ts";
import type { ClockKind } from "../clock.ts";
import type { ColdStart, Times } from "../runtime.ts";
import type { TimesRequest } from "../times_request.ts";
import type { Optimization } from "../session.ts";

/**
 * What a runtime and its workers say to each other.
 *
 * Deno's `terminate()` does not interrupt a worker that computes: the thread goes on, and keeps the
 * process alive (seen in 2.9.6, as in `denoland/deno` pull request 35657). A worker therefore looks
 * at words of memory that it shares with the runtime, {@linkcode CONTROL}, and the runtime sets the flag
 * of onnxruntime that ends a run before its next node.
 */

/** Words of the shared memory. */
export const CONTROL = {
  /** Set to 1 by the runtime: stop at the next chance. */
  stop: 0,
  /** Set by the worker: address in the WASM heap of the byte that ends the current run; 0: none. */
  address: 1,
} as const;

/** Bytes of {@linkcode CONTROL}. */
export const CONTROL_BYTES = 8;

/** A model on its way to a worker. */
export interface ModelRef {
  readonly hash: string;
  readonly name: string;
  readonly bytes: SharedArrayBuffer;
}

/** The first message, before any job. */
export interface Start {
  readonly kind: "start";
  readonly control: SharedArrayBuffer;
  readonly threads: number;
  /** The module that is imported as onnxruntime-web, where it is another one than Octavo's own. */
  readonly ort?: string;
  /** The binary of it that is loaded, where it is not the module's own choice. */
  readonly binary?: Binary;
  /** Compile the runtime as if this process had never seen it. */
  readonly anew: boolean;
}

/** What a worker can be asked to do, with the answer. */
export interface Jobs {
  /** Tells which onnxruntime-web it has. */
  version: {
    request: Record<never, never>;
    answer: LoadedOrt;
  };
  /** Runs the samples one after another. */
  run: {
    request: {
      readonly model: ModelRef;
      readonly samples: readonly Feeds[];
      /** Number of the first sample, for messages. */
      readonly first: number;
      readonly outputs?: readonly string[];
      readonly optimization?: Optimization;
    };
    answer: {
      readonly results: readonly Readonly<Record<string, Tensor>>[];
      /** Milliseconds of all runs together, without loading the model. */
      readonly ms: number;
    };
  };
  /** Times models against each other. */
  times: {
    request: TimesRequest & { readonly models: readonly ModelRef[] };
    answer: Times;
  };
  /** Reads the graph after the runtime's optimization. */
  optimized: {
    request: { readonly model: ModelRef };
    /** Nothing where this build of onnxruntime hides it. */
    answer: { readonly bytes?: Uint8Array<ArrayBuffer> };
  };
  /** Times each node. */
  profile: {
    request: {
      readonly model: ModelRef;
      readonly samples: readonly Feeds[];
      /** Undefined: as many as fill `minMs`. */
      readonly runs: number | undefined;
      readonly minMs: number;
      /** Most milliseconds that the model is warmed up for. */
      readonly warmUpMs: number;
    };
    /** Nothing where this build of onnxruntime hides it. */
    answer: { readonly profile?: RunProfile };
  };
  /** Opens a model as the first one of its worker, and runs it. */
  coldStart: {
    request: {
      readonly model: ModelRef;
      /** One. */
      readonly samples: readonly Feeds[];
      /** Whether to go on until its time is steady. */
      readonly steady: boolean;
    };
    answer: { readonly start: ColdStart; readonly clock: ClockKind };
  };
}

export type JobKind = keyof Jobs;

/** A job, with its kind. */
export type Task = {
  readonly [K in JobKind]: { readonly kind: K } & Jobs[K]["request"];
}[JobKind];

/** A job on its way to a worker. */
export type Request = Task & { readonly id: number };

/** An error in a form that survives the way between threads. */
export interface PlainError {
  readonly kind: "user" | "runtime" | "other";
  readonly message: string;
  readonly model: string;
  readonly node?: FailedNode;
  readonly fatal: boolean;
  readonly stack?: string;
}

/** What a worker sends. */
export type Reply =
  /** The runtime has started. */
  | { readonly kind: "ready" }
  /** The heap of WASM has moved or grown. */
  | { readonly kind: "heap"; readonly heap: SharedArrayBuffer }
  /** A long job is getting on. */
  | { readonly kind: "alive" }
  | {
    readonly kind: "done";
    readonly id: number;
    readonly answer: Jobs[JobKind]["answer"];
    /** Sessions opened since the worker started. */
    readonly opened: number;
  }
  | { readonly kind: "failed"; readonly id: number; readonly error: PlainError };
