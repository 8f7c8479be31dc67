import type { Model } from "../onnx/model.ts";
import type { LeftNode } from "../passes/undo/undo_log.ts";
import type { Latency } from "../record/trial_record.ts";

/**
 * What a file can be made into. `float32`: all operators in float32 again, with the file's integers as weights.
 * `exact`: the same in the forms of operators that run fastest. `mixed`: integers where the file has them and
 * they are fastest, float32 elsewhere. `optimized`: integers wherever they are fastest, with ranges found on
 * samples where the file has none.
 * @category Measuring (advanced)
 */
export type MendForm = "float32" | "exact" | "mixed" | "optimized";

/**
 * How what comes out compares with what the file gave. `same bits`: on every input that both ran on. `same to
 * rounding`: the same numbers, summed in another order, 100 dB and more from the file's. `same integers`: the same
 * integers and scales, computed by other kernels; where a value lies half-way between two integers it may fall to
 * the other side. `more accurate`: values that are not rounded to integers any more.
 * @category Measuring (advanced)
 */
export type MendResult = "same bits" | "same to rounding" | "same integers" | "more accurate";

/**
 * What was changed of a kind.
 * @category Measuring (advanced)
 */
export interface MendChange {
  /** Of the finding that it mends: `s8-activations`. */
  readonly rule: string;
  /** Nodes of the file, by name. */
  readonly nodes: readonly string[];
  /** How what they give compares with what the file gave. */
  readonly result: MendResult;
  /** In plain words. */
  readonly words: string;
}

/**
 * One of what a file could be made into, as measured.
 * @category Measuring (advanced)
 */
export interface MendCandidate {
  /** Which it is. */
  readonly form: MendForm;
  /** Of the file that it makes. */
  readonly bytes: number;
  /** Signal over noise against the network in float32 with the file's weights, dB; 150 where nothing differs. */
  readonly closeness?: number;
  /** Its time against that of the file; absent where it was left out before. */
  readonly latency?: Latency;
  /** Why it is left out, where it is. */
  readonly leftOut?: string;
}

/**
 * What {@linkcode mend} made of a file, and the evidence.
 * @category Measuring (advanced)
 */
export interface Mended {
  /** Absent where nothing is faster or smaller beyond doubt. */
  readonly model?: Model;
  /** Which form was taken. */
  readonly form?: MendForm;
  /** What was changed, those of a kind together; none where there is no model. */
  readonly changes: readonly MendChange[];
  /** Times in turns: what came out against the file, and against float32; float32 against the file. */
  readonly latency: {
    readonly result?: Latency;
    readonly toFloat32?: Latency;
    readonly float32?: Latency;
  };
  /** Of the file, and of what came out. */
  readonly bytes: { readonly file: number; readonly result?: number };
  /** Signal over noise against the network in float32 with the file's weights, dB; 150 where nothing differs. */
  readonly closeness: { readonly file?: number; readonly result?: number };
  /** On how many inputs that was told. */
  readonly inputs: number;
  /** All that was considered. */
  readonly candidates: readonly MendCandidate[];
  /** Nodes on integers that stay as they are in the file. */
  readonly left: readonly LeftNode[];
  /** What came of it, one sentence each. */
  readonly notes: readonly string[];
}
