import { create } from "@bufbuild/protobuf";
import { consumers, mapSubgraphs, producers } from "../onnx/graph.ts";
import { mapSame } from "../onnx/map_same.ts";
import { isStandard, makeNode } from "../onnx/node.ts";
import {
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataType as DataType,
  type ValueInfoProto,
} from "../onnx/onnx_pb.ts";
import { dimsOf, makeTensorProto, readTensorProto } from "../onnx/tensor_proto.ts";
import { mapTensorTypes } from "../onnx/value_infos.ts";
import { elementCount, type ElementType } from "../tensor/tensor.ts";
import type { Origins } from "./origins.ts";
import type { PassContext } from "./pass.ts";
import { redirectReaders } from "./redirect.ts";

/** Floats of other widths, which the int8 kernels and most others of the WASM backend do not take. */
type RaisedFloat = "float16" | "bfloat16" | "float64";

const RAISED: ReadonlyMap<number, RaisedFloat> = new Map([
  [DataType.FLOAT16, "float16"],
  [DataType.BFLOAT16, "bfloat16"],
  [DataType.DOUBLE, "float64"],
]);

/** Attributes that name an element type. */
const TYPE_ATTRIBUTES: ReadonlySet<string> = new Set([
  "dtype",
  "output_datatype",
  "output_dtype",
  "to",
]);

/** Fewest elements of a float64 matrix that makes a network one of float64, and not one with a few constants. */
const FEWEST_ELEMENTS = 16;

/**
 * The types of a network's float values that are wider or narrower than float32 and are to be float32: all
 * of 16 bits, which it holds exactly, and float64 where there are weights of it.
 */
function floatsToRaise(graph: GraphProto): RaisedFloat[] {
  const found = new Set<RaisedFloat>();
  const look = (type: number, tensor?: TensorProto) => {
    const name = RAISED.get(type);
    if (!name) return;
    const dims = tensor ? dimsOf(tensor) : [];
    const isMatrix = dims.length >= 2 && elementCount(dims) >= FEWEST_ELEMENTS;
    if (name !== "float64" || isMatrix) found.add(name);
  };
  const lookInside = (scope: GraphProto) => {
    for (const tensor of scope.initializer) look(tensor.dataType, tensor);
    for (const { attribute, opType } of scope.node) {
      for (const { name, t, i, g, graphs } of attribute) {
        if (t) look(t.dataType, t);
        if (name === "to" && opType === "Cast") look(Number(i ?? 0n));
        (g ? [g, ...graphs] : graphs).forEach(lookInside);
      }
    }
  };
  const { node, input, output } = graph;
  // A Cast at the border is where a network of another type ends, or one begins that was raised before.
  const outputs = new Set(output.map(({ name }) => name));
  lookInside({
    ...graph,
    node: node.filter(({ opType, output: [y = ""] }) => opType !== "Cast" || !outputs.has(y)),
  });
  const readers = consumers(graph);
  for (const info of input) {
    const isRead = readers.get(info.name)?.some(({ opType }) => opType !== "Cast") ?? false;
    if (isRead) { for (const { elemType } of tensorTypes(info)) look(elemType); }
  }
  const sparse = graph.sparseInitializer.some(({ values }) => RAISED.has(values?.dataType ?? 0));
  return sparse ? [] : [...found];
}

function tensorTypes({ type }: ValueInfoProto) {
  return type?.value.case === "tensorType" ? [type.value.value] : [];
}

/** Key of the note that a raised network keeps of the types that it had. */
const NOTE = "octavo.raised_from";

/** The types that a network computed in before {@linkcode raiseFloats}. */
export function raisedFrom({ metadataProps }: ModelProto): readonly RaisedFloat[] {
  const note = metadataProps.find(({ key }) => key === NOTE)?.value;
  return note ? note.split(" ") as RaisedFloat[] : [];
}

/** The network without the note that {@linkcode raisedFrom} reads. */
export function withoutNote(proto: ModelProto): ModelProto {
  const metadataProps = proto.metadataProps.filter(({ key }) => key !== NOTE);
  return metadataProps.length === proto.metadataProps.length ? proto : { ...proto, metadataProps };
}

/**
 * Has a network compute in float32 what it computes in float16, bfloat16 or float64. Its own inputs and
 * outputs keep their types, behind Casts at the border. A float64 beyond the reach of float32 becomes the
 * outermost float32, and one too small for it the smallest: a mask stays a mask, and a divisor is not 0.
 */
export function raiseFloats(proto: ModelProto, context: PassContext): ModelProto {
  const { graph } = proto;
  const types = graph ? floatsToRaise(graph) : [];
  if (!graph || types.length === 0) return proto;
  const raises = (type: number) => {
    const name = RAISED.get(type);
    return name !== undefined && types.includes(name);
  };
  const scope = raiseScope(graph, raises, context.origins);
  const before = raisedFrom(proto);
  const value = [...new Set([...before, ...types])].join(" ");
  const note = create(StringStringEntryProtoSchema, { key: NOTE, value });
  return {
    ...proto,
    graph: castAtBorders(scope, graph, raises, context),
    metadataProps: [...withoutNote(proto).metadataProps, note],
  };
}

type Raises = (type: number) => boolean;

/** All types of a graph raised, those of its own inputs and outputs too. */
function raiseScope(graph: GraphProto, raises: Raises, origins: Origins): GraphProto {
  const values = (infos: readonly ValueInfoProto[]) =>
    infos.map((info) =>
      mapTensorTypes(
        info,
        (type) => raises(type.elemType) ? { ...type, elemType: DataType.FLOAT } : type,
      )
    );
  return {
    ...graph,
    node: graph.node.map((node) => raiseNode(node, raises, origins)),
    initializer: graph.initializer.map((tensor) => raiseTensor(tensor, raises)),
    input: values(graph.input),
    output: values(graph.output),
    valueInfo: values(graph.valueInfo),
  };
}

function raiseNode(node: NodeProto, raises: Raises, origins: Origins): NodeProto {
  const inside = mapSubgraphs(node, (body) => raiseScope(body, raises, origins));
  const attribute = mapSame(inside.attribute, (one): AttributeProto => {
    if (one.t && raises(one.t.dataType)) return { ...one, t: raiseTensor(one.t, raises) };
    const type = Number(one.i ?? 0n);
    const names = isStandard(node) && TYPE_ATTRIBUTES.has(one.name) && raises(type);
    return names ? { ...one, i: BigInt(DataType.FLOAT) } : one;
  });
  const raised = attribute === inside.attribute ? inside : { ...inside, attribute };
  if (raised !== node) origins.inherit(raised, node);
  return raised;
}

/** A constant as float32. */
function raiseTensor(tensor: TensorProto, raises: Raises): TensorProto {
  if (!raises(tensor.dataType)) return tensor;
  const { type, dims, data } = readTensorProto(tensor);
  const raised = makeTensorProto(tensor.name, {
    type: "float32",
    dims,
    data: toFloat32(type, data as Float64Array | Uint16Array),
  });
  return { ...raised, docString: tensor.docString };
}

const LARGEST = 2 ** 127 * (2 - 2 ** -23);
const SMALLEST = 2 ** -126;

function toFloat32(type: ElementType, data: Float64Array | Uint16Array): Float32Array {
  if (type === "bfloat16") {
    return new Float32Array(Uint32Array.from(data, (bits) => bits << 16).buffer);
  }
  const values = Float32Array.from(data);
  if (type !== "float64") return values;
  values.forEach((value, i) => {
    const exact = data[i]!;
    if (!Number.isFinite(value) && Number.isFinite(exact)) values[i] = Math.sign(exact) * LARGEST;
    if (value === 0 && exact !== 0) values[i] = Math.sign(exact) * SMALLEST;
  });
  return values;
}

/** Gives the inputs and outputs of the network their types back. */
function castAtBorders(
  raised: GraphProto,
  given: GraphProto,
  raises: Raises,
  context: PassContext,
): GraphProto {
  const atBorder = ({ type }: ValueInfoProto) =>
    type?.value.case === "tensorType" && raises(type.value.value.elemType)
      ? type.value.value.elemType
      : undefined;
  const isInside = new Set([
    ...producers(raised).keys(),
    ...raised.initializer.map(({ name }) => name),
  ]);
  const inside = new Map<string, string>();
  const first: NodeProto[] = [];
  for (const info of given.input) {
    if (atBorder(info) === undefined) continue;
    const name = context.fresh(`${info.name}_float32`);
    inside.set(info.name, name);
    first.push(cast(info.name, name, DataType.FLOAT, context));
  }
  const last: NodeProto[] = [];
  const made = new Map<string, string>();
  for (const info of given.output) {
    const type = atBorder(info);
    if (type === undefined || !isInside.has(info.name)) continue;
    const name = context.fresh(`${info.name}_float32`);
    made.set(info.name, name);
    last.push(cast(name, info.name, type, context));
  }
  const renamed = raised.node.map((node) => {
    if (!node.output.some((name) => made.has(name))) return node;
    const output = node.output.map((name) => made.get(name) ?? name);
    const mapped = { ...node, output };
    context.origins.inherit(mapped, node);
    return mapped;
  });
  const { node } = redirectReaders(
    { ...raised, node: renamed },
    new Map([...inside, ...made]),
    context.origins,
  );
  const border = (infos: readonly ValueInfoProto[], old: readonly ValueInfoProto[]) =>
    infos.map((info, i) => atBorder(old[i]!) === undefined ? info : old[i]!);
  const initializer = mapSame(raised.initializer, (tensor) => {
    const name = made.get(tensor.name);
    return name ? { ...tensor, name } : tensor;
  });
  return {
    ...raised,
    initializer,
    node: [...first, ...node, ...last],
    input: border(raised.input, given.input),
    output: border(raised.output, given.output),
  };
}

function cast(from: string, to: string, type: number, { fresh }: PassContext): NodeProto {
  return makeNode("Cast", [from], [to], { to: type }, { name: fresh(`/${to}/Cast`) });
}
