import { create } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProto_AttributeType as Type,
  AttributeProtoSchema,
  type GraphProto,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
} from "./onnx_pb.ts";

/** A number, or numbers, to be stored as float32: `alpha: float(1)`. */
export type FloatValue = { readonly float: number } | { readonly floats: readonly number[] };

/**
 * What an attribute may hold. A plain number is an INT, as most attributes are: `float()` marks the
 * others, since 1 and 1.0 are one number here but two types in ONNX. An empty array is INTS.
 */
export type AttributeValue =
  | number
  | bigint
  | string
  | FloatValue
  | readonly (number | bigint)[]
  | readonly string[]
  | TensorProto
  | GraphProto;

/** Marks a value as FLOAT, or as FLOATS if it is an array. */
export function float(value: number | readonly number[]): FloatValue {
  return typeof value === "number" ? { float: value } : { floats: value };
}

/** Options for {@linkcode makeNode}. */
export interface NodeOptions {
  /** Name of the node. @default {""} */
  name?: string;
  /** Domain of the operator; "" is the standard's. @default {""} */
  domain?: string;
}

/**
 * Makes a node.
 *
 * @param inputs Names of values; "" leaves an optional input out.
 * @throws {RangeError} If a plain number of `attributes` is not whole: floats are marked by `float()`.
 * @example
 * ```ts
 * import { float, makeNode } from "./node.ts";
 * const node = makeNode("Gemm", ["x", "w", "b"], ["y"], { transB: 1, alpha: float(1) });
 * ```
 */
export function makeNode(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
  options: NodeOptions = {},
): NodeProto {
  const { name = "", domain = "" } = options;
  return create(NodeProtoSchema, {
    opType,
    input: [...inputs],
    output: [...outputs],
    name,
    domain,
    attribute: Object.entries(attributes).map(([key, value]) => makeAttribute(key, value)),
  });
}

/** Makes one attribute. See {@linkcode AttributeValue} for how its type is chosen. */
function makeAttribute(name: string, value: AttributeValue): AttributeProto {
  const make = (fields: Partial<Omit<AttributeProto, "$typeName" | "$unknown">>) =>
    create(AttributeProtoSchema, { name, ...fields });
  if (typeof value === "number" || typeof value === "bigint") {
    return make({ type: Type.INT, i: whole(name, value) });
  }
  if (typeof value === "string") return make({ type: Type.STRING, s: utf8(value) });
  if (isArray(value)) {
    if (value.length > 0 && value.every((item) => typeof item === "string")) {
      return make({ type: Type.STRINGS, strings: value.map(utf8) });
    }
    const ints = (value as readonly (number | bigint)[]).map((item) => whole(name, item));
    return make({ type: Type.INTS, ints });
  }
  if ("float" in value) return make({ type: Type.FLOAT, f: value.float });
  if ("floats" in value) return make({ type: Type.FLOATS, floats: [...value.floats] });
  return value.$typeName === "onnx.TensorProto"
    ? make({ type: Type.TENSOR, t: value })
    : make({ type: Type.GRAPH, g: value });
}

/** A copy of `node` with these attributes set; undefined removes one. The others stay as they are. */
export function withAttributes(
  node: NodeProto,
  attributes: Readonly<Record<string, AttributeValue | undefined>>,
): NodeProto {
  const kept = node.attribute.filter(({ name }) => !Object.hasOwn(attributes, name));
  const made = Object.entries(attributes)
    .flatMap(([name, value]) => value === undefined ? [] : [makeAttribute(name, value)]);
  return { ...node, attribute: [...kept, ...made] };
}

/** The standard's own domain, which may also be left empty. */
const STANDARD_DOMAIN = "ai.onnx";

/** A domain by one spelling: the standard's has two. */
export function domainOf({ domain }: { readonly domain: string }): string {
  return domain || STANDARD_DOMAIN;
}

/** True for an operator of the ONNX standard's own domain, or for that domain's version. */
export function isStandard(one: { readonly domain: string }): boolean {
  return domainOf(one) === STANDARD_DOMAIN;
}

/** Value of an INT attribute. @throws {RangeError} If it is beyond ±2^53. */
export function intAttribute(node: NodeProto, name: string, fallback: number): number;
export function intAttribute(node: NodeProto, name: string): number | undefined;
export function intAttribute(
  node: NodeProto,
  name: string,
  fallback?: number,
): number | undefined {
  const attribute = find(node, name);
  return attribute === undefined ? fallback : exact(node, name, attribute.i ?? 0n);
}

/** Values of an INTS attribute. @throws {RangeError} If one is beyond ±2^53. */
export function intsAttribute(
  node: NodeProto,
  name: string,
  fallback: readonly number[],
): readonly number[];
export function intsAttribute(node: NodeProto, name: string): readonly number[] | undefined;
export function intsAttribute(
  node: NodeProto,
  name: string,
  fallback?: readonly number[],
): readonly number[] | undefined {
  const attribute = find(node, name);
  return attribute === undefined
    ? fallback
    : attribute.ints.map((value) => exact(node, name, value));
}

/** Values of an INTS attribute as they are stored: ends of slices may be INT64_MAX. */
export function bigintsAttribute(node: NodeProto, name: string): readonly bigint[] | undefined {
  return find(node, name)?.ints;
}

/** Value of a FLOAT attribute. */
export function floatAttribute(node: NodeProto, name: string, fallback: number): number;
export function floatAttribute(node: NodeProto, name: string): number | undefined;
export function floatAttribute(
  node: NodeProto,
  name: string,
  fallback?: number,
): number | undefined {
  const attribute = find(node, name);
  return attribute === undefined ? fallback : attribute.f ?? 0;
}

/** Values of a FLOATS attribute. */
export function floatsAttribute(
  node: NodeProto,
  name: string,
): readonly number[] | undefined {
  return find(node, name)?.floats;
}

/** Value of a STRING attribute. */
export function stringAttribute(node: NodeProto, name: string, fallback: string): string;
export function stringAttribute(node: NodeProto, name: string): string | undefined;
export function stringAttribute(
  node: NodeProto,
  name: string,
  fallback?: string,
): string | undefined {
  const attribute = find(node, name);
  return attribute === undefined ? fallback : new TextDecoder().decode(attribute.s);
}

/** Values of a STRINGS attribute. */
export function stringsAttribute(node: NodeProto, name: string): readonly string[] | undefined {
  return find(node, name)?.strings.map((value) => new TextDecoder().decode(value));
}

/** Value of a TENSOR attribute. */
export function tensorAttribute(node: NodeProto, name: string): TensorProto | undefined {
  return find(node, name)?.t;
}

function find(node: NodeProto, name: string): AttributeProto | undefined {
  const attribute = node.attribute.find((candidate) => candidate.name === name);
  if (attribute?.refAttrName) {
    throw new TypeError(
      `Cannot read attribute "${name}" of ${node.opType}: it stands for the attribute ` +
        `"${attribute.refAttrName}" of the function around it and has a value only where that is called`,
    );
  }
  return attribute;
}

/** The parts of INT64_MIN..MAX that a number cannot hold exactly are refused, never rounded. */
function exact(node: NodeProto, name: string, value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) {
    throw new RangeError(
      `Cannot read attribute "${name}" of ${node.opType} "${node.name || node.output[0]}" as a ` +
        `number: ${value} is beyond ±2^53; read its bigint from node.attribute`,
    );
  }
  return number;
}

function whole(name: string, value: number | bigint): bigint {
  if (typeof value === "number" && !Number.isSafeInteger(value)) {
    throw new RangeError(
      `Cannot store attribute "${name}" as INT: ${value} is not a whole number below 2^53; ` +
        `write float(${value}) for FLOAT, or a bigint`,
    );
  }
  return BigInt(value);
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Array.isArray does not narrow readonly arrays. */
function isArray(value: AttributeValue): value is readonly (number | bigint)[] | readonly string[] {
  return Array.isArray(value);
}
