import { consumers, pinned } from "../onnx/graph.ts";
import { isStandard } from "../onnx/node.ts";
import type { GraphProto } from "../onnx/onnx_pb.ts";
import { readTensorProto } from "../onnx/tensor_proto.ts";
import { bypass } from "./bypass.ts";
import { type PassContext, rootContext, visibleConstants } from "./pass.ts";

/**
 * Removes Dropout nodes that pass their input on, as all do outside training. One that may train
 * stays: its `training_mode` (an input since opset 12) is true or unknown, or its mask is read.
 */
export function dropDropout(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
): GraphProto {
  if (!graph.node.some(({ opType }) => opType === "Dropout")) return graph;
  const constants = visibleConstants(graph, context);
  const readers = consumers(graph);
  const kept = pinned(graph);
  return bypass(graph, context, (node) => {
    if (node.opType !== "Dropout" || !isStandard(node)) return undefined;
    const [, mask = ""] = node.output;
    if (readers.has(mask) || kept.has(mask)) return undefined;
    const mode = node.input[2] ?? "";
    const training = constants.get(mode);
    const trains = training ? readTensorProto(training).data[0] !== 0 : mode !== "";
    return trains ? undefined : node.input[0];
  });
}
