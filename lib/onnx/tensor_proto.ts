import { create } from "@bufbuild/protobuf";
import { UserError } from "../errors.ts";
import { lookUp } from "../look_up.ts";
import { Float16Elements } from "../tensor/float16_array.ts";
import {
  elementCount,
  type ElementType,
  numericArrays,
  type NumericType,
  type Tensor,
} from "../tensor/tensor.ts";
import { packBits, type PackedType, unpackBits } from "../tensor/packing.ts";
import {
  type TensorProto,
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
} from "./onnx_pb.ts";

/** ONNX's number for each element type that tensors here can have. */
export const dataTypes: Readonly<Record<ElementType, DataType>> = {
  float32: DataType.FLOAT,
  uint8: DataType.UINT8,
  int8: DataType.INT8,
  uint16: DataType.UINT16,
  int16: DataType.INT16,
  int32: DataType.INT32,
  int64: DataType.INT64,
  string: DataType.STRING,
  bool: DataType.BOOL,
  float16: DataType.FLOAT16,
  float64: DataType.DOUBLE,
  uint32: DataType.UINT32,
  uint64: DataType.UINT64,
  bfloat16: DataType.BFLOAT16,
};

/** Integers of less than a byte: stored packed, read as int8 or uint8. */
const packedTypes: Readonly<Partial<Record<number, PackedType>>> = {
  [DataType.INT4]: "int4",
  [DataType.UINT4]: "uint4",
  [DataType.INT2]: "int2",
  [DataType.UINT2]: "uint2",
};

/** Element type with this number in ONNX, if tensors here can have it. */
export function elementType(dataType: number): ElementType | undefined {
  return elementTypes.get(dataType);
}

const elementTypes = new Map(
  Object.entries(dataTypes).map(([type, number]) => [number, type as ElementType]),
);

/** Name of a type for messages and texts: `float32`, `int4`, `float8e4m3fn`. */
export function dataTypeName(dataType: number): string {
  return elementTypes.get(dataType) ?? DataType[dataType]?.toLowerCase() ?? `type${dataType}`;
}

/** Number of a type by the name that {@linkcode dataTypeName} gives it. */
export function dataTypeNamed(name: string): DataType | undefined {
  const known = lookUp(dataTypes, name);
  if (known !== undefined) return known;
  const [, unnamed] = /^type(\d+)$/.exec(name) ?? [];
  if (unnamed !== undefined) return Number(unnamed);
  const number: unknown = DataType[name.toUpperCase() as keyof typeof DataType];
  return typeof number === "number" ? number : undefined;
}

/** Bits of one element in raw data. Undefined for strings and types yet unknown. */
export function bitsOf(dataType: number): number | undefined {
  return bits[dataType];
}

const bits: Readonly<Partial<Record<number, number>>> = {
  [DataType.FLOAT]: 32,
  [DataType.UINT8]: 8,
  [DataType.INT8]: 8,
  [DataType.UINT16]: 16,
  [DataType.INT16]: 16,
  [DataType.INT32]: 32,
  [DataType.INT64]: 64,
  [DataType.BOOL]: 8,
  [DataType.FLOAT16]: 16,
  [DataType.DOUBLE]: 64,
  [DataType.UINT32]: 32,
  [DataType.UINT64]: 64,
  [DataType.COMPLEX64]: 64,
  [DataType.COMPLEX128]: 128,
  [DataType.BFLOAT16]: 16,
  [DataType.FLOAT8E4M3FN]: 8,
  [DataType.FLOAT8E4M3FNUZ]: 8,
  [DataType.FLOAT8E5M2]: 8,
  [DataType.FLOAT8E5M2FNUZ]: 8,
  [DataType.UINT4]: 4,
  [DataType.INT4]: 4,
  [DataType.FLOAT4E2M1]: 4,
  [DataType.FLOAT8E8M0]: 8,
  [DataType.UINT2]: 2,
  [DataType.INT2]: 2,
  [DataType.FLOAT6E2M3]: 6,
  [DataType.FLOAT6E3M2]: 6,
};

/** Shape of a stored tensor. */
export function dimsOf(tensor: TensorProto): number[] {
  return tensor.dims.map(Number);
}

/** Bytes that the elements of a tensor take as raw data, whichever field holds them. */
export function byteLengthOf(tensor: TensorProto): number {
  if (tensor.dataType === DataType.STRING) {
    return tensor.stringData.reduce((sum, text) => sum + text.length, 0);
  }
  return Math.ceil(elementCount(dimsOf(tensor)) * (bitsOf(tensor.dataType) ?? 0) / 8);
}

/** Options for {@linkcode makeTensorProto}. */
export interface TensorProtoOptions {
  /** Packs int8 or uint8 values into a type of fewer bits. @default {as the tensor's type} */
  packed?: PackedType;
}

/**
 * Stores a tensor, as raw data. The bytes are a view of the tensor's: do not write to them after.
 *
 * @throws {RangeError} If values do not fit the packed type.
 */
export function makeTensorProto(
  name: string,
  tensor: Tensor,
  options: TensorProtoOptions = {},
): TensorProto {
  const { packed } = options;
  const dims = tensor.dims.map(BigInt);
  const count = elementCount(tensor.dims);
  if (tensor.data.length !== count) {
    throw new RangeError(
      `Cannot store tensor "${name}" of shape [${tensor.dims.join(", ")}]: it holds ${count} ` +
        `elements, got ${tensor.data.length}`,
    );
  }
  if (isStrings(tensor)) {
    const stringData = tensor.data.map((text) => new TextEncoder().encode(text));
    return create(TensorProtoSchema, { name, dims, dataType: DataType.STRING, stringData });
  }
  if (packed !== undefined) {
    const dataType = dataTypeNamed(packed);
    return create(TensorProtoSchema, {
      name,
      dims,
      dataType,
      rawData: packBits(tensor.data as Int8Array | Uint8Array, packed),
    });
  }
  const { buffer, byteOffset, byteLength } = tensor.data as Uint8Array<ArrayBuffer>;
  const rawData = new Uint8Array(buffer, byteOffset, byteLength);
  return create(TensorProtoSchema, { name, dims, dataType: dataTypes[tensor.type], rawData });
}

/**
 * Elements of a stored tensor, whichever field holds them. Raw data is not copied where it is aligned
 * to the size of an element, so treat the result as read-only. 4-bit and 2-bit integers become int8
 * and uint8, one element a byte.
 *
 * @throws {UserError} If the elements are elsewhere (external data not loaded), of a type that has no
 * array here (complex, float8 and smaller floats), or not as many as the shape says.
 */
export function readTensorProto(tensor: TensorProto): Tensor {
  requireHere(tensor);
  const packed = packedTypes[tensor.dataType];
  if (packed !== undefined) return readPacked(tensor, packed);
  const type = elementTypes.get(tensor.dataType);
  if (type === undefined) throw unreadable(tensor, "this type cannot be read as numbers here");
  if (type === "string") return readTexts(tensor);
  return tensor.rawData === undefined
    ? readField(tensor, type)
    : readRaw(tensor, type, tensor.rawData);
}

function unreadable(tensor: TensorProto, found: string): UserError {
  return new UserError(
    `Cannot read tensor "${tensor.name}" (${
      tensor.dataType === DataType.UNDEFINED ? "of no type" : dataTypeName(tensor.dataType)
    } ` +
      `[${dimsOf(tensor).join(", ")}]): ${found}`,
  );
}

/** Checks that the elements are in the message, in one piece and of a shape. */
function requireHere(tensor: TensorProto): void {
  const dims = dimsOf(tensor);
  if (!Number.isSafeInteger(elementCount(dims)) || dims.some((dim) => dim < 0)) {
    throw unreadable(tensor, "its shape is not one");
  }
  if (tensor.dataLocation === DataLocation.EXTERNAL) {
    throw unreadable(
      tensor,
      "its data is in another file; open the model by its path with readModel()",
    );
  }
  if (tensor.segment !== undefined) {
    throw unreadable(tensor, "it is cut into segments, which is not supported");
  }
}

/** The data, if it has as many elements or bytes as the shape says. */
function sized<Data extends { readonly length: number }>(
  tensor: TensorProto,
  data: Data,
  expected: number,
  unit: "elements" | "bytes" = "elements",
): Data {
  if (data.length === expected) return data;
  throw unreadable(
    tensor,
    `expected ${expected} ${unit}, found ${data.length}; the file may be damaged`,
  );
}

function readTexts(tensor: TensorProto): Tensor<"string"> {
  const dims = dimsOf(tensor);
  const decoder = new TextDecoder();
  const data = tensor.stringData.map((bytes) => decoder.decode(bytes));
  return { type: "string", dims, data: sized(tensor, data, elementCount(dims)) };
}

function readPacked(tensor: TensorProto, packed: PackedType): Tensor {
  const dims = dimsOf(tensor);
  const count = elementCount(dims);
  const bytes = tensor.rawData ?? Uint8Array.from(tensor.int32Data);
  sized(tensor, bytes, Math.ceil(count * bits[tensor.dataType]! / 8), "bytes");
  const data = unpackBits(bytes, packed, count);
  return { type: packed.startsWith("u") ? "uint8" : "int8", dims, data };
}

function readRaw(tensor: TensorProto, type: NumericType, rawData: Uint8Array): Tensor {
  const dims = dimsOf(tensor);
  const count = elementCount(dims);
  const Elements = numericArrays[type];
  sized(tensor, rawData, count * Elements.BYTES_PER_ELEMENT, "bytes");
  // The file puts bytes where it likes, but a typed array must start at a multiple of its element.
  const aligned = rawData.byteOffset % Elements.BYTES_PER_ELEMENT === 0;
  const { buffer, byteOffset } = aligned ? rawData : rawData.slice();
  return { type, dims, data: new Elements(buffer, byteOffset, count) };
}

/** Reads the field of the message that holds elements of a type, one by one. */
function readField(tensor: TensorProto, type: NumericType): Tensor {
  const dims = dimsOf(tensor);
  const count = elementCount(dims);
  const { floatData, doubleData, int32Data, int64Data, uint64Data } = tensor;
  const whole = <Data extends { readonly length: number }>(data: Data) =>
    sized(tensor, data, count);
  switch (type) {
    case "float32":
      return { type, dims, data: Float32Array.from(whole(floatData)) };
    case "float64":
      return { type, dims, data: Float64Array.from(whole(doubleData)) };
    case "int64":
      return { type, dims, data: BigInt64Array.from(whole(int64Data)) };
    case "uint64":
      return { type, dims, data: BigUint64Array.from(whole(uint64Data)) };
    case "uint32":
      return { type, dims, data: Uint32Array.from(whole(uint64Data), Number) };
    case "float16": {
      const data = new Float16Elements(Uint16Array.from(whole(int32Data)).buffer);
      return { type, dims, data };
    }
    default: {
      const values = whole(int32Data);
      const data = new numericArrays[type](count);
      (data as Int32Array).set(values);
      return { type, dims, data };
    }
  }
}

/** The elements of a stored tensor as raw data. @throws {UserError} As {@linkcode readTensorProto}. */
export function rawBytes(tensor: TensorProto): Uint8Array {
  if (tensor.rawData !== undefined) return tensor.rawData;
  const { dataType } = tensor;
  if (dataType === DataType.COMPLEX64) return bytesOf(Float32Array.from(tensor.floatData));
  if (dataType === DataType.COMPLEX128) return bytesOf(Float64Array.from(tensor.doubleData));
  // What is packed into bytes, and the float8 types, sit there byte by byte.
  if (elementTypes.get(dataType) === undefined) return Uint8Array.from(tensor.int32Data);
  const read = readTensorProto(tensor);
  if (isStrings(read)) {
    throw new UserError(
      `Cannot take tensor "${tensor.name}" as raw bytes: it holds texts, which have no raw form`,
    );
  }
  return bytesOf(read.data as Uint8Array);
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function isStrings(tensor: Tensor): tensor is Tensor<"string"> {
  return tensor.type === "string";
}
