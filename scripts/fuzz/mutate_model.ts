import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { Random } from "../../lib/random.ts";
import {
  AttributeProto_AttributeType as Type,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  TensorShapeProto_DimensionSchema,
} from "../../lib/onnx/onnx_pb.ts";
import { type AttributeValue, makeNode } from "../../lib/onnx/node.ts";
import { below, mutateBytes, oneOf } from "./mutate_bytes.ts";

/** A change of a model that stays a protobuf message. The message is the mutant's own. */
type Change = (proto: ModelProto, stream: Random) => void;

const NUMBERS = [-1n, 0n, 1n, 2n, 3n, 7n, 100n, 2n ** 31n, 2n ** 40n, 2n ** 62n, -(2n ** 63n)];

const NAMES = ["", "constructor", "__proto__", "toString", "\x1b[7m\n", 'a"b\\c', "n".repeat(2000)];

/** The main graph or one of its bodies. */
function someGraph({ graph }: ModelProto, stream: Random): GraphProto {
  const bodies = graph!.node.flatMap(({ attribute }) => attribute.flatMap(({ g }) => g ?? []));
  return bodies.length > 0 && stream.chance(0.3) ? oneOf(bodies, stream) : graph!;
}

function someNode(proto: ModelProto, stream: Random): NodeProto | undefined {
  const { node } = someGraph(proto, stream);
  return node.length > 0 ? oneOf(node, stream) : undefined;
}

/** A name that the graph uses, or one that is a trap. */
function someName({ node, input, initializer }: GraphProto, stream: Random): string {
  const names = [...node.flatMap(({ output }) => output), ...input.map(({ name }) => name)];
  for (const { name } of initializer) names.push(name);
  return stream.chance(0.7) && names.length > 0 ? oneOf(names, stream) : oneOf(NAMES, stream);
}

const renameEnd: Change = (proto, stream) => {
  const graph = someGraph(proto, stream);
  const node = someNode(proto, stream);
  if (!node) return;
  const ends = stream.chance(0.6) ? node.input : node.output;
  if (ends.length > 0) ends[below(ends.length, stream)] = someName(graph, stream);
};

const renameDefinition: Change = (proto, stream) => {
  const graph = someGraph(proto, stream);
  const named = [...graph.initializer, ...graph.input, ...graph.output, ...graph.node];
  if (named.length > 0) oneOf<{ name: string }>(named, stream).name = someName(graph, stream);
};

const setAttribute: Change = (proto, stream) => {
  const attributes = someNode(proto, stream)?.attribute ?? [];
  if (attributes.length === 0) return;
  const attribute = oneOf(attributes, stream);
  if (attribute.type === Type.INT) attribute.i = oneOf(NUMBERS, stream);
  else if (attribute.type === Type.INTS && attribute.ints.length > 0 && stream.chance(0.7)) {
    attribute.ints[below(attribute.ints.length, stream)] = oneOf(NUMBERS, stream);
  } else if (attribute.type === Type.INTS) {
    attribute.ints = stream.chance(0.5) ? attribute.ints.slice(1) : [...attribute.ints, 1n];
  } else if (attribute.type === Type.FLOAT) attribute.f = oneOf([0, -1, NaN, Infinity], stream);
  else attribute.type = oneOf([Type.INT, Type.STRING, Type.GRAPH, Type.TENSOR], stream);
};

const dropOrRepeat: Change = (proto, stream) => {
  const graph = someGraph(proto, stream);
  const lists: { length: number }[] = [
    ...[graph.node, graph.initializer, graph.input, graph.output, proto.opsetImport],
    ...graph.node.flatMap(({ attribute, input, output }) => [attribute, input, output]),
  ];
  const list = oneOf(lists, stream) as unknown[];
  if (list.length === 0) return;
  const at = below(list.length, stream);
  if (stream.chance(0.5)) list.splice(at, 1);
  else list.splice(at, 0, list[at]);
};

const setOperator: Change = (proto, stream) => {
  const node = someNode(proto, stream);
  if (!node) return;
  const others = proto.graph!.node.map(({ opType }) => opType);
  node.opType = oneOf([...others, ...NAMES, "Identity", "Transpose", "Softmax", "Concat"], stream);
  if (stream.chance(0.1)) node.domain = oneOf(["com.microsoft", "x", "ai.onnx"], stream);
};

const setShape: Change = (proto, stream) => {
  const { input, output, valueInfo } = someGraph(proto, stream);
  const infos = [...input, ...output, ...valueInfo];
  const type = infos.length > 0 ? oneOf(infos, stream).type?.value : undefined;
  if (type?.case !== "tensorType") return;
  if (stream.chance(0.2)) type.value.elemType = below(25, stream);
  const dim = type.value.shape?.dim ?? [];
  const value = { case: "dimValue", value: oneOf(NUMBERS, stream) } as const;
  if (dim.length > 0 && stream.chance(0.7)) dim[below(dim.length, stream)]!.value = value;
  else dim.push(create(TensorShapeProto_DimensionSchema, { value }));
};

const setTensor: Change = (proto, stream) => {
  const { initializer } = someGraph(proto, stream);
  if (initializer.length === 0) return;
  const tensor = oneOf(initializer, stream);
  if (stream.chance(0.3)) tensor.dataType = below(25, stream);
  else if (stream.chance(0.5) && tensor.rawData) {
    tensor.rawData = mutateBytes(tensor.rawData, stream);
  } else if (tensor.dims.length > 0) {
    tensor.dims[below(tensor.dims.length, stream)] = oneOf(NUMBERS, stream);
  }
};

/** Operators of one input that may stand on any edge, with an attribute each. */
const BETWEEN: readonly (readonly [opType: string, attributes: Record<string, AttributeValue>])[] =
  [
    ...[["Identity", {}], ["Relu", {}], ["Neg", {}], ["Transpose", {}], ["Shape", {}]] as const,
    ...[["Transpose", { perm: [1, 0] }], ["Flatten", { axis: 0 }], ["Softmax", {
      axis: 0,
    }]] as const,
    ...[0, 1, 2, 6, 7, 9, 10, 11, 16].map((to) => ["Cast", { to }] as const),
    ...[["Squeeze", {}], ["ReduceMean", { keepdims: 0 }], ["Dropout", {}], ["Clip", {}]] as const,
    ...[["DynamicQuantizeLinear", {}], ["Split", { axis: 0 }], ["Unsqueeze", {
      axes: [0],
    }]] as const,
  ];

/** Puts a node between a value and one of its readers. Most such networks run. */
const putBetween: Change = (proto, stream) => {
  const graph = someGraph(proto, stream);
  const place = below(graph.node.length, stream);
  const reader = graph.node[place];
  if (!reader || reader.input.length === 0) return;
  const at = below(reader.input.length, stream);
  const [opType, attributes] = oneOf(BETWEEN, stream);
  const made = `between${place}${at}`;
  graph.node.splice(place, 0, makeNode(opType, [reader.input[at]!], [made], attributes));
  reader.input[at] = made;
};

/** Two inputs of one node change places. */
const swapInputs: Change = (proto, stream) => {
  const input = someNode(proto, stream)?.input ?? [];
  const [a, b] = [below(input.length, stream), below(input.length, stream)];
  if (input.length > 1) [input[a], input[b]] = [input[b]!, input[a]!];
};

const setVersion: Change = (proto, stream) => {
  const [opset] = proto.opsetImport;
  if (stream.chance(0.3)) proto.irVersion = oneOf(NUMBERS, stream);
  else if (opset) opset.version = BigInt(below(30, stream) - 1);
};

const CHANGES = [
  ...[renameEnd, renameDefinition, setAttribute, setAttribute, dropOrRepeat, setOperator],
  ...[setShape, setTensor, setVersion, putBetween, putBetween, putBetween, swapInputs],
];

/** Changes what a model says, or now and then the bytes of its file. */
export function mutateModel(bytes: Uint8Array, stream: Random): Uint8Array {
  if (stream.chance(0.25)) return mutateBytes(bytes, stream);
  const proto = fromBinary(ModelProtoSchema, bytes);
  do oneOf(CHANGES, stream)(proto, stream); while (stream.chance(0.4));
  return toBinary(ModelProtoSchema, proto);
}
