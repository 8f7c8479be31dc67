import { constants, consumers, pinned, producers } from "../onnx/graph.ts";
import { type GraphProto, type NodeProto, TensorProto_DataType } from "../onnx/onnx_pb.ts";
import type { TensorProto } from "../onnx/onnx_pb.ts";

/** What the quantizer asks of a graph, looked up once. */
export interface GraphFacts {
  readonly graph: GraphProto;
  isConstant(name: string | undefined): boolean;
  /** The constant of this name if its elements are float32. */
  floatConstant(name: string | undefined): TensorProto | undefined;
  producer(name: string): NodeProto | undefined;
  consumers(name: string): readonly NodeProto[];
  /** Whether a name must survive: a graph output, or read inside a body. */
  isPinned(name: string): boolean;
  /** Number of spatial dimensions of a pool, from its kernel. */
  spatialDims(node: NodeProto): number | undefined;
}

export function graphFacts(graph: GraphProto): GraphFacts {
  const constant = constants(graph);
  const producing = producers(graph);
  const consuming = consumers(graph);
  const keep = pinned(graph);
  return {
    graph,
    isConstant: (name) => name !== undefined && constant.has(name),
    floatConstant(name) {
      const tensor = name === undefined ? undefined : constant.get(name);
      return tensor?.dataType === TensorProto_DataType.FLOAT ? tensor : undefined;
    },
    producer: (name) => producing.get(name),
    consumers: (name) => consuming.get(name) ?? [],
    isPinned: (name) => keep.has(name),
    spatialDims: (node) => node.attribute.find(({ name }) => name === "kernel_shape")?.ints.length,
  };
}
