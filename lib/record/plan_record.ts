import type { PartName } from "./part_name.ts";
import type { OutlierColumns } from "./recipe.ts";

/**
 * What one node of the float32 network was asked to be, and what the runtime made of it.
 * @category Steps
 */
export interface PlanRow {
  /** Name of the node, or of its first output where it has none. */
  node: string;
  /** Its operator, e.g. `Conv`. */
  opType: string;
  /** Module path, "" where none can be recovered. */
  path: string;
  /** The part of a transformer that it is in; absent of other nodes. */
  part?: PartName;
  /** Number of the layer of that part, from 0; absent of what is in none. */
  layer?: number;
  /** The qconfig the mapping resolves to: `float32`, `static`, `dynamic`, `weightOnly`. */
  asked: string;
  /** The qconfig that it has got instead; absent where that is the same. */
  applied?: string;
  /** Operator that runs in the runtime's optimized graph, e.g. `QLinearConv`; "" when not read back. */
  executes: string;
  /** Whether that is another node's kernel, which this one runs inside of; absent where it is not. */
  inside?: boolean;
  /** Why it is so: the rule that matched, what the kernels forbid, the fusion it went into. */
  why: string;
  /**
   * Bytes of its float32 weights, of what has weights or multiplies matrices (a layer); absent of all other
   * nodes.
   */
  weights?: number;
  /** Columns of what it reads that stay float32; absent where there are none. */
  outliers?: OutlierColumns;
  /** Bytes of these that a layer before it reads too; absent where there are none. */
  shared?: number;
  /** Milliseconds of what executes; absent where it was not timed, or runs inside another's kernel. */
  ms?: number;
  /**
   * SQNR of what it gives against float32's own, dB, with the errors of all before it; absent where it
   * was not measured or is equal to the bit.
   */
  dB?: number;
}
