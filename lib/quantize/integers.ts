import { constants } from "../onnx/graph.ts";
import { type GraphProto, type NodeProto, TensorProto_DataType } from "../onnx/onnx_pb.ts";
import { elementTypes } from "../passes/element_types.ts";

/** Types that say nothing of whether there is something to quantize: floats, and what is not stated. */
const OTHERS: ReadonlySet<number> = new Set([
  TensorProto_DataType.UNDEFINED,
  TensorProto_DataType.FLOAT,
  TensorProto_DataType.FLOAT16,
  TensorProto_DataType.BFLOAT16,
  TensorProto_DataType.DOUBLE,
]);

/**
 * The tensors of a graph that are known to hold integers or truth values: the arithmetic on shapes
 * that exporters write, where there is nothing to quantize.
 */
export function integerTensors(graph: GraphProto): Set<string> {
  const types = elementTypes(graph, constants(graph));
  return new Set(Array.from(types).flatMap(([name, type]) => OTHERS.has(type) ? [] : [name]));
}

/** Whether a node computes on integers alone. Its first output tells: others may be indices. */
export function worksOnIntegers(node: NodeProto, integers: ReadonlySet<string>): boolean {
  return integers.has(node.output.find((name) => name !== "") ?? "");
}
