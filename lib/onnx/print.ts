import { createHash } from "node:crypto";
import type { Tensor } from "../tensor/tensor.ts";
import {
  type AttributeProto,
  AttributeProto_AttributeType as Type,
  type GraphProto,
  type NodeProto,
  type SparseTensorProto,
  type TensorProto,
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  type TensorShapeProto,
  type TypeProto,
  type ValueInfoProto,
} from "./onnx_pb.ts";
import { dataTypeName, dimsOf, elementType, rawBytes, readTensorProto } from "./tensor_proto.ts";

/**
 * Options for {@linkcode printGraph}.
 * @category Graphs (advanced)
 */
export interface PrintOptions {
  /** Most elements of a tensor to write out; larger ones are known by their hash. @default {16} */
  maxElements?: number;
}

/**
 * Writes a graph as text, one line for each value and node. See `text.ts` for the form.
 *
 * @example
 * ```ts
 * import { parseModel, printGraph } from "octavo/advanced";
 * import assert from "node:assert/strict";
 * const { graph } = parseModel("input x float32[2]; output y float32[2]; y = Relu(x)");
 * assert.match(printGraph(graph), /^y = Relu\(x\)$/m);
 * ```
 * @category Graphs (advanced)
 */
export function printGraph(graph: GraphProto, options: PrintOptions = {}): string {
  const { maxElements = 16 } = options;
  const lines = graph.name === "" ? [] : [`graph ${printName(graph.name)}`];
  return [...lines, ...statements(graph, maxElements)].map((line) => line + "\n").join("");
}

/** First digits of the SHA-256 of a tensor's type, shape and elements: how texts know large tensors. */
export function tensorHash(tensor: TensorProto): string {
  const hash = createHash("sha256").update(`${tensor.dataType} ${tensor.dims.join()} `);
  if (tensor.dataType === DataType.STRING) {
    for (const text of tensor.stringData) hash.update(`${text.length} `).update(text);
  } else hash.update(rawBytes(tensor));
  return hash.digest("hex").slice(0, 16);
}

function statements(graph: GraphProto, maxElements: number): string[] {
  const info = (word: string) => ({ name, type }: ValueInfoProto) =>
    `${word} ${printName(name)} ${printType(type)}`;
  return [
    ...graph.input.map(info("input")),
    ...graph.output.map(info("output")),
    ...graph.valueInfo.map(info("value")),
    ...graph.initializer.map((tensor) => `tensor ${printTensor(tensor, maxElements)}`),
    ...graph.sparseInitializer.map((tensor) => `tensor ${printSparse(tensor, maxElements)}`),
    ...graph.node.map((node) => printNode(node, maxElements)),
  ];
}

function printNode(node: NodeProto, maxElements: number): string {
  const { domain, opType, overload } = node;
  const made = node.output.map(printName).join(", ");
  const operator = printName((domain && `${domain}::`) + opType + (overload ? `:${overload}` : ""));
  const attributes = node.attribute.map((attribute) => {
    const { name, refAttrName, type } = attribute;
    const value = refAttrName
      ? `$${Type[type]?.toLowerCase() ?? type} ${printName(refAttrName)}`
      : printAttribute(attribute, maxElements);
    return `${printName(name)}=${value}`;
  });
  return (made && `${made} = `) + `${operator}(${node.input.map(printName).join(", ")})` +
    (attributes.length > 0 ? ` {${attributes.join(", ")}}` : "") +
    (node.name === "" ? "" : ` @ ${printName(node.name)}`);
}

function printAttribute(attribute: AttributeProto, maxElements: number): string {
  const list = <T>(items: readonly T[], print: (item: T) => string, word: string) =>
    `${items.length === 0 ? word : ""}[${items.map(print).join(", ")}]`;
  const tensor = (value: TensorProto) => `<${printTensor(value, maxElements)}>`;
  const sparse = (value: SparseTensorProto) => `<${printSparse(value, maxElements)}>`;
  const graph = (value: GraphProto) => printBody(value, maxElements);
  switch (attribute.type) {
    case Type.INT:
      return String(attribute.i ?? 0n);
    case Type.INTS:
      return list(attribute.ints, String, "");
    case Type.FLOAT:
      return printFloat(attribute.f ?? 0, Math.fround);
    case Type.FLOATS:
      return list(attribute.floats, (value) => printFloat(value, Math.fround), "floats");
    case Type.STRING:
      return printBytes(attribute.s ?? new Uint8Array());
    case Type.STRINGS:
      return list(attribute.strings, printBytes, "strings");
    case Type.TENSOR:
      return attribute.t ? tensor(attribute.t) : "none";
    case Type.TENSORS:
      return list(attribute.tensors, tensor, "tensors");
    case Type.GRAPH:
      return attribute.g ? graph(attribute.g) : "none";
    case Type.GRAPHS:
      return list(attribute.graphs, graph, "graphs");
    case Type.TYPE_PROTO:
      return `type ${printType(attribute.tp)}`;
    case Type.TYPE_PROTOS:
      return list(attribute.typeProtos, (value) => `type ${printType(value)}`, "types");
    case Type.SPARSE_TENSOR:
      return attribute.sparseTensor ? sparse(attribute.sparseTensor) : "none";
    case Type.SPARSE_TENSORS:
      return list(attribute.sparseTensors, sparse, "sparses");
    default:
      return "none";
  }
}

function printBody(graph: GraphProto, maxElements: number): string {
  const inner = statements(graph, maxElements).join("\n").replaceAll("\n", "\n  ");
  const name = graph.name === "" ? "" : `${printName(graph.name)} `;
  return `graph ${name}{\n  ${inner}\n}`;
}

function printTensor(tensor: TensorProto, maxElements: number): string {
  const dims = dimsOf(tensor);
  const name = tensor.name === "" ? "" : `${printName(tensor.name)} `;
  return `${name}${dataTypeName(tensor.dataType)}[${dims.join(", ")}] = ` +
    printElements(tensor, maxElements);
}

function printSparse({ values, indices, dims }: SparseTensorProto, maxElements: number): string {
  const part = (tensor?: TensorProto) => tensor ? printTensor(tensor, maxElements) : "none";
  return `sparse [${dims.join(", ")}] <${part(values)}> <${part(indices)}>`;
}

function printElements(tensor: TensorProto, maxElements: number): string {
  if (tensor.dataLocation === DataLocation.EXTERNAL) {
    const place = tensor.externalData.map(({ key, value }) =>
      `${printName(key)}=${printName(value)}`
    );
    return `external {${place.join(", ")}}`;
  }
  const count = dimsOf(tensor).reduce((product, dim) => product * dim, 1);
  if (count > maxElements) return `#${tensorHash(tensor)}`;
  if (isRaw(tensor.dataType)) return `hex"${rawBytes(tensor).toHex()}"`;
  return `[${printValues(readTensorProto(tensor)).join(", ")}]`;
}

/** Types that texts hold as bytes: no array here has numbers for them. */
function isRaw(dataType: number): boolean {
  const type = elementType(dataType);
  return type === "bfloat16" ||
    (type === undefined && !/^u?int[24]$/.test(dataTypeName(dataType)));
}

function printValues(tensor: Tensor): string[] {
  const { type, data } = tensor;
  switch (type) {
    case "string":
      return (data as readonly string[]).map((text) => JSON.stringify(text));
    case "bool":
      return Array.from(data as Uint8Array, (value) => value === 0 ? "false" : "true");
    case "float32":
      return Array.from(data as Float32Array, (value) => printFloat(value, Math.fround));
    case "float16":
      return Array.from(data as Float16Array, (value) => printFloat(value, Math.f16round));
    case "float64":
      return Array.from(data as Float64Array, (value) => printFloat(value, Number));
    default:
      return Array.from(data as ArrayLike<number | bigint>, String);
  }
}

/** The fewest digits that `round` brings back to `value`, and always a sign that it is a float. */
function printFloat(value: number, round: (value: number) => number): string {
  if (Number.isNaN(value)) return "nan";
  if (value === Infinity) return "inf";
  if (value === -Infinity) return "-inf";
  if (Object.is(value, -0)) return "-0.0";
  if (Number.isSafeInteger(value)) return `${value}.0`;
  let text = String(value);
  for (let digits = 1; digits <= 17; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (round(shorter) === value) {
      text = String(shorter);
      break;
    }
  }
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** Bytes of a STRING attribute: a quoted text if they are UTF-8. */
function printBytes(bytes: Uint8Array): string {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  const same = new TextEncoder().encode(text);
  const lossless = same.length === bytes.length && same.every((byte, i) => byte === bytes[i]);
  return lossless ? JSON.stringify(text) : `hex"${bytes.toHex()}"`;
}

function printType(type: TypeProto | undefined): string {
  const kind = type?.value;
  switch (kind?.case) {
    case "tensorType":
      return dataTypeName(kind.value.elemType) + printShape(kind.value.shape);
    case "sparseTensorType":
      return `sparse ${dataTypeName(kind.value.elemType)}${printShape(kind.value.shape)}`;
    case "sequenceType":
      return `sequence(${printType(kind.value.elemType)})`;
    case "optionalType":
      return `optional(${printType(kind.value.elemType)})`;
    case "mapType":
      return `map(${dataTypeName(kind.value.keyType)}, ${printType(kind.value.valueType)})`;
    case "opaqueType":
      return `opaque(${printName(kind.value.domain ?? "")}, ${printName(kind.value.name ?? "")})`;
    default:
      return "none";
  }
}

function printShape(shape: TensorShapeProto | undefined): string {
  if (shape === undefined) return "[...]";
  const dims = shape.dim.map(({ value }) => {
    if (value.case === "dimValue") return String(value.value);
    if (value.case !== "dimParam") return "?";
    // Quoted, a number is a name.
    return /^\d+$/.test(value.value) ? JSON.stringify(value.value) : printName(value.value);
  });
  return `[${dims.join(", ")}]`;
}

/** A name as it is if no reader could take it for something else, otherwise quoted. */
function printName(name: string): string {
  return /^[\w./:][\w./:+-]*$/.test(name) ? name : JSON.stringify(name);
}
