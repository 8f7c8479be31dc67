import type { GraphProto, ValueInfoProto } from "../onnx/onnx_pb.ts";
import type { OpenDimension } from "../onnx/shape_map.ts";

/** A graph whose inputs state the lengths that rewrites rely on: other ones would be taken for other shapes in silence. */
export function withFixedInputs(graph: GraphProto, fixed: readonly OpenDimension[]): GraphProto {
  if (fixed.length === 0) return graph;
  return { ...graph, input: graph.input.map((info) => withLengths(info, fixed)) };
}

function withLengths(info: ValueInfoProto, fixed: readonly OpenDimension[]): ValueInfoProto {
  const kind = info.type?.value;
  if (kind?.case !== "tensorType" || !kind.value.shape) return info;
  const dim = kind.value.shape.dim.map((old, axis) => {
    const known = fixed.find(({ places }) =>
      places.some((place) => place.input === info.name && place.axis === axis)
    );
    if (!known) return old;
    return { ...old, value: { case: "dimValue" as const, value: BigInt(known.length) } };
  });
  const value = { ...kind.value, shape: { ...kind.value.shape, dim } };
  return { ...info, type: { ...info.type!, value: { case: "tensorType", value } } };
}
