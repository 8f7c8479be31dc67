import type { GraphProto } from "../../onnx/onnx_pb.ts";
import type { PassContext } from "../pass.ts";
import type { UndoLog } from "./undo_log.ts";

export function undoStatic(graph: GraphProto, _context: PassContext, _log: UndoLog): GraphProto {
  return graph;
}
