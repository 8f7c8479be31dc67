import type { Model } from "../../onnx/model.ts";
import { rootContext } from "../pass.ts";
import { removeDead } from "../remove_dead.ts";
import { undoDynamic } from "./undo_dynamic.ts";
import { undoStatic } from "./undo_static.ts";
import { undoStored } from "./undo_stored.ts";
import { type FileRange, type LeftNode, UndoLog, type UndoneLayer } from "./undo_log.ts";

/** A file that was int8, as float32 operators. */
export interface Undone {
  /** Constants that the file holds as integers know them: see `integersOf()`. */
  readonly model: Model;
  /** How the file laid integers over activations, by the name of the float32 tensor in `model`. */
  readonly ranges: ReadonlyMap<string, FileRange>;
  readonly layers: readonly UndoneLayer[];
  /** What could not be undone. */
  readonly left: readonly LeftNode[];
  /** Tensors behind which a Relu or Clip stands again that the file had in its range. */
  readonly clipped: ReadonlySet<string>;
}

/**
 * Reads a file that is int8 already as float32 operators: the same layers, with weights that know the
 * integers they are stored as, and the ranges of activations that the file has.
 *
 * @returns The model itself where nothing in it is int8.
 */
export function undoInt8(model: Model): Undone {
  const log = new UndoLog();
  const context = rootContext(model.graph, { opset: model.opset });
  const stored = undoStored(model.graph, context, log);
  const floats = undoDynamic(stored, context, log);
  const graph = undoStatic(floats, context, log);
  const { ranges, layers, left, clipped } = log;
  return {
    // What only the integers needed goes: the runtime refuses constants without a reader in files of IR 3.
    model: graph === model.graph ? model : model.withGraph(removeDead(graph)),
    ...{ ranges, layers, left, clipped },
  };
}
