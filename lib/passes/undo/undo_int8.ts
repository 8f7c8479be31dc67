import type { Model } from "../../onnx/model.ts";
import { rootContext } from "../pass.ts";
import { raiseFloats } from "../raise_floats.ts";
import { removeDead } from "../remove_dead.ts";
import { hasHalfScales } from "./half_scales.ts";
import { foldParameters } from "./fold_parameters.ts";
import { openEmbeddings } from "./open_embeddings.ts";
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
  const half = hasHalfScales(model.graph);
  const proto = half ? raiseFloats(model.proto, context) : model.proto;
  const known = openEmbeddings(foldParameters(proto.graph!, context), context, log);
  const floats = undoDynamic(known, context, log);
  const stored = undoStored(floats, context, log);
  const ranged = undoStatic(stored, context, log);
  // Rows of a table that a layer read as integers.
  const undone = undoStored(ranged, context, log);
  // Parameters and types alone are no reason for another model.
  const graph = undone === known ? model.graph : undone;
  const { ranges, layers, clipped } = log;
  return {
    // What only the integers needed goes: the runtime refuses constants without a reader in files of IR 3.
    model: graph === model.graph ? model : model.withProto({ ...proto, graph: removeDead(graph) }),
    ...{ ranges, layers, clipped },
    left: log.leftIn(graph),
  };
}
