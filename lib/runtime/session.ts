import type { Feeds, Tensor, ValueType } from "../tensor/tensor.ts";

/**
 * How far onnxruntime rewrites a graph before it runs.
 * @category Measuring (advanced)
 */
export type Optimization = "all" | "extended" | "basic" | "disabled";

/**
 * Options for {@linkcode openSession}.
 * @category Measuring (advanced)
 */
export interface SessionOptions {
  /**
   * Threads of the WASM instance. All sessions of a JavaScript thread share one instance, so the
   * first session decides. @default {as many as the first session; 1 for the first}
   */
  threads?: number;
  /** How far the runtime rewrites the graph before it runs. @default {"all"} */
  optimization?: Optimization;
  /** Prints the runtime's warnings. @default {false} */
  verbose?: boolean;
  /** What messages call a model that is given as bytes. @default {"the model"} */
  name?: string;
}

/**
 * A model that is loaded and ready to run.
 * @category Measuring (advanced)
 */
export interface Session {
  /** What it has to be fed. */
  readonly inputs: readonly ValueType[];
  /** What it gives. */
  readonly outputs: readonly ValueType[];
  /**
   * Runs the model once.
   *
   * @param outputs Names of the outputs to return; the runtime need not compute others. All by default.
   * @throws {UserError} If an input is missing, or of another type or shape than the model takes.
   * @throws {RuntimeError} If the runtime fails.
   */
  run(feeds: Feeds, outputs?: readonly string[]): Promise<Record<string, Tensor>>;
  /** Frees the model's memory for other sessions. The WASM heap itself never shrinks. */
  release(): Promise<void>;
}
