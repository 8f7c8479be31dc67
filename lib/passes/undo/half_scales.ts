import { constants, subgraphs } from "../../onnx/graph.ts";
import {
  type GraphProto,
  type TensorProto,
  TensorProto_DataType as DataType,
} from "../../onnx/onnx_pb.ts";

/** Operators that read scales. */
const READS_SCALES = /^(Q[A-Z]|(De)?[qQ]uantizeLinear$)|ToFloat$|NBits|BlockQuantized/;

/** Whether scales are of 16 bits: the layers they belong to compute so, in which there are no fast kernels. */
export function hasHalfScales(
  graph: GraphProto,
  outer: ReadonlyMap<string, TensorProto> = new Map(),
): boolean {
  const known = new Map([...outer, ...constants(graph)]);
  const isHalf = (name: string) => {
    const type = known.get(name)?.dataType;
    return type === DataType.FLOAT16 || type === DataType.BFLOAT16;
  };
  return graph.node.some((node) =>
    READS_SCALES.test(node.opType) && node.input.some(isHalf) ||
    subgraphs(node).some((body) => hasHalfScales(body, known))
  );
}
