import type { GraphProto } from "../onnx/onnx_pb.ts";
import { Branches } from "./branches.ts";
import { type PassContext, rootContext } from "./pass.ts";

/**
 * Puts the branch that is taken in the place of each If whose condition depends on constants alone. A
 * pass for the main graph, which goes through the bodies itself.
 */
export function inlineBranches(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
): GraphProto {
  return new Branches(graph, context, { values: new Map(), shapes: new Map() }).inline();
}
