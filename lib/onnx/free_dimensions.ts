import type { GraphProto, TypeProto_Tensor } from "./onnx_pb.ts";
import { mapSame } from "./map_same.ts";
import { mapTensorTypes, mapValueInfos } from "./value_infos.ts";

/**
 * Leaves open every dimension that is declared with a negative length: -1 is how paddle2onnx and others
 * write an axis of any length. The same graph if there is none.
 */
export function freeDimensions(graph: GraphProto): GraphProto {
  return mapValueInfos(graph, (info) => mapTensorTypes(info, freed));
}

function freed(type: TypeProto_Tensor): TypeProto_Tensor {
  if (!type.shape) return type;
  const dim = mapSame(type.shape.dim, (one) => {
    const isNegative = one.value.case === "dimValue" && one.value.value < 0n;
    return isNegative ? { ...one, value: { case: undefined } } : one;
  });
  return dim === type.shape.dim ? type : { ...type, shape: { ...type.shape, dim } };
}
