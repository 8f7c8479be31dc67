/**
 * A form that was considered for a layer.
 * @category Measuring (advanced)
 */
export interface ConsideredForm {
  /** In words: `Conv`, `Winograd F(4,3)`, `static int8`. */
  form: string;
  /** Whether the layer has it. */
  chosen: boolean;
  /** Milliseconds of its kernel alone; absent where there is no such kernel here. */
  ms?: number;
  /** Nodes that run for it. */
  nodes?: number;
  /** Milliseconds, of those, that its nodes take whatever they do, in the binary of the runtime that was asked for. */
  nodesMs?: number;
  /** Milliseconds that the whole would take more with it, what it brings into its form included. */
  moreMs?: number;
  /** Signal over the noise that it adds by itself, dB; absent where it adds none, or was not run. */
  dB?: number;
  /** Estimated milliseconds to create it with a session. */
  createMs?: number;
  /** Estimated bytes of the WASM heap that it holds. */
  heapBytes?: number;
  /** Bytes of its constants in the file. */
  bytes?: number;
  /** Why it was chosen, why it lost, or why there is none. */
  why: string;
}

/**
 * All that was considered for a layer.
 * @category Measuring (advanced)
 */
export interface LayerChoices {
  /** Name of the layer: of its Conv, Gemm or other node with weights. */
  node: string;
  /** Operators that its kernel computes. */
  opTypes: string[];
  /** Module path, "" where none can be recovered. */
  path: string;
  /** What it has first, then from the fastest to the slowest; last what there is none of. */
  forms: ConsideredForm[];
}
