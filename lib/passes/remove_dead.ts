import { removeDeadNodes } from "../onnx/graph.ts";
import type { GraphProto } from "../onnx/onnx_pb.ts";

/** Removes nodes and initializers that no output needs, and the notes on values that are gone. */
export function removeDead(graph: GraphProto): GraphProto {
  const alive = removeDeadNodes(graph);
  const names = new Set(alive.node.flatMap(({ output }) => output));
  for (const { name } of [...alive.initializer, ...alive.input]) names.add(name);
  const valueInfo = alive.valueInfo.filter(({ name }) => names.has(name));
  return valueInfo.length === alive.valueInfo.length ? alive : { ...alive, valueInfo };
}
