import { mapSubgraphs } from "./graph.ts";
import { mapSame } from "./map_same.ts";
import type { GraphProto, TypeProto, TypeProto_Tensor, ValueInfoProto } from "./onnx_pb.ts";

/**
 * The graph with all that it declares of values mapped: of inputs, outputs and values inside, bodies
 * included. The same graph if nothing changed.
 */
export function mapValueInfos(
  graph: GraphProto,
  map: (info: ValueInfoProto) => ValueInfoProto,
): GraphProto {
  const input = mapSame(graph.input, map);
  const output = mapSame(graph.output, map);
  const valueInfo = mapSame(graph.valueInfo, map);
  const node = mapSame(
    graph.node,
    (node) => mapSubgraphs(node, (body) => mapValueInfos(body, map)),
  );
  const same = input === graph.input && output === graph.output &&
    valueInfo === graph.valueInfo && node === graph.node;
  return same ? graph : { ...graph, input, output, valueInfo, node };
}

/** What is declared of a value, with each tensor type in it mapped; the same if none changed. */
export function mapTensorTypes(
  info: ValueInfoProto,
  map: (type: TypeProto_Tensor) => TypeProto_Tensor,
): ValueInfoProto {
  const type = info.type && mapType(info.type, map);
  return type === info.type ? info : { ...info, type };
}

/** Sequences and optional values hold a type of their own. */
function mapType(type: TypeProto, map: (type: TypeProto_Tensor) => TypeProto_Tensor): TypeProto {
  const { value } = type;
  if (value.case === "tensorType") {
    const mapped = map(value.value);
    return mapped === value.value ? type : { ...type, value: { ...value, value: mapped } };
  }
  if (value.case !== "sequenceType" && value.case !== "optionalType") return type;
  const inner = value.value.elemType;
  const mapped = inner && mapType(inner, map);
  if (mapped === inner) return type;
  return value.case === "sequenceType"
    ? { ...type, value: { ...value, value: { ...value.value, elemType: mapped } } }
    : { ...type, value: { ...value, value: { ...value.value, elemType: mapped } } };
}
