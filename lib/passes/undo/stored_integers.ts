import { type TensorProto, TensorProto_DataType as DataType } from "../../onnx/onnx_pb.ts";
import { bitsOf, dimsOf, rawBytes, readTensorProto } from "../../onnx/tensor_proto.ts";
import { elementCount, type Tensor } from "../../tensor/tensor.ts";
import type { KnownIntegers } from "../known_integers.ts";

const SIGNED: ReadonlySet<number> = new Set([DataType.INT8, DataType.INT4, DataType.INT2]);
const UNSIGNED: ReadonlySet<number> = new Set([DataType.UINT8, DataType.UINT4, DataType.UINT2]);

/** The integers of a constant of 8, 4 or 2 bits, one to an element. Of other types: undefined. */
export function unpackIntegers(
  tensor: TensorProto,
): { integers: Tensor<"int8" | "uint8">; bits: 2 | 4 | 8 } | undefined {
  const signed = SIGNED.has(tensor.dataType);
  if (!signed && !UNSIGNED.has(tensor.dataType)) return undefined;
  const bits = bitsOf(tensor.dataType) as 2 | 4 | 8;
  if (bits === 8) return { integers: readTensorProto(tensor) as Tensor<"int8" | "uint8">, bits };
  // The first element is in the lowest bits of the first byte.
  const packed = tensor.rawData?.length
    ? rawBytes(tensor)
    : Uint8Array.from(tensor.int32Data, (byte) => byte & 0xff);
  const dims = dimsOf(tensor);
  const each = 8 / bits;
  const data = new (signed ? Int8Array : Uint8Array)(elementCount(dims));
  for (let i = 0; i < data.length; i++) {
    const low = (packed[Math.floor(i / each)]! >> (i % each) * bits) & (1 << bits) - 1;
    data[i] = signed ? low << (32 - bits) >> (32 - bits) : low;
  }
  const type = signed ? "int8" : "uint8";
  return { integers: { type, dims, data } as Tensor<"int8" | "uint8">, bits };
}

/** The floats that a runtime makes of stored integers: `(q - zeroPoint) * scale`, rounded to float32 once. */
export function dequantizeKnown(known: KnownIntegers): Tensor<"float32"> {
  const { integers: { dims, data }, scales, zeroPoints, axis, blockSize } = known;
  const floats = new Float32Array(data.length);
  const run = axis === undefined ? data.length : elementCount(dims.slice(axis + 1));
  const length = axis === undefined ? 1 : dims[axis]!;
  const block = blockSize ?? 1;
  const groups = Math.ceil(length / block);
  for (let start = 0, row = 0; start < data.length; start += run, row++) {
    const along = Math.floor((row % length) / block);
    const group = blockSize === undefined ? along : Math.floor(row / length) * groups + along;
    for (let i = start; i < start + run; i++) {
      const at = blockSize === undefined ? group : group * run + i - start;
      floats[i] = (data[i]! - zeroPoints[at]!) * scales[at]!;
    }
  }
  return { type: "float32", dims, data: floats };
}
