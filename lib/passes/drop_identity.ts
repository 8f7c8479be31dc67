import { isStandard } from "../onnx/node.ts";
import type { GraphProto } from "../onnx/onnx_pb.ts";
import { bypass } from "./bypass.ts";
import { type PassContext, rootContext } from "./pass.ts";

/** Removes Identity nodes and points their readers at the source. */
export function dropIdentity(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
): GraphProto {
  return bypass(
    graph,
    context,
    (node) => node.opType === "Identity" && isStandard(node) ? node.input[0] : undefined,
  );
}
