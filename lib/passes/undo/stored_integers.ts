import { type TensorProto, TensorProto_DataType as DataType } from "../../onnx/onnx_pb.ts";
import { bitsOf, dataTypeName, readTensorProto } from "../../onnx/tensor_proto.ts";
import { elementCount, type Tensor } from "../../tensor/tensor.ts";
import { isPlain } from "../evaluate/evaluate_node.ts";
import type { KnownIntegers } from "../known_integers.ts";

/** Values that are broadcast over integers: in each dimension one, all, or one for each block. */
export interface ScaleGrid<Data extends Float32Array | Int8Array | Uint8Array> {
  /** As many as the integers have. */
  readonly dims: readonly number[];
  readonly data: Data;
}

/** Integers as a file stores them, with what makes floats of them: `(q - zero) * scale`. */
export interface StoredIntegers {
  readonly integers: Tensor<"int8" | "uint8">;
  readonly bits: 2 | 4 | 8;
  /** Type in the file: `uint4`. */
  readonly type: string;
  readonly scale?: ScaleGrid<Float32Array>;
  readonly zero?: ScaleGrid<Int8Array | Uint8Array>;
  /** The axis along which so many integers share a scale. */
  readonly block?: { readonly axis: number; readonly size: number };
}

const TYPES: ReadonlySet<number> = new Set([
  ...[DataType.INT8, DataType.INT4, DataType.INT2],
  ...[DataType.UINT8, DataType.UINT4, DataType.UINT2],
]);

/** The integers of a constant of 8, 4 or 2 bits, one to an element. Of other types: undefined. */
export function storedIntegers(tensor: TensorProto): StoredIntegers | undefined {
  if (!TYPES.has(tensor.dataType)) return undefined;
  const integers = readTensorProto(tensor) as Tensor<"int8" | "uint8">;
  const bits = bitsOf(tensor.dataType) as 2 | 4 | 8;
  return { integers, bits, type: dataTypeName(tensor.dataType).toLowerCase() };
}

/** The numbers of a constant; undefined of types that have no array of their own, as float8. */
export function readNumbers(tensor: TensorProto | undefined): Tensor | undefined {
  return tensor && isPlain(tensor.dataType) ? readTensorProto(tensor) : undefined;
}

/** A grid over shape `dims` of values that are broadcast to it as ONNX does. Undefined if they do not fit. */
export function gridOf<Data extends Float32Array | Int8Array | Uint8Array>(
  data: Data,
  from: readonly number[],
  dims: readonly number[],
): ScaleGrid<Data> | undefined {
  if (data.length === 1) return { dims: dims.map(() => 1), data };
  if (from.length > dims.length) return undefined;
  const whole = [...dims.slice(from.length).map(() => 1), ...from];
  return whole.every((length, i) => length === 1 || length === dims[i])
    ? { dims: whole, data }
    : undefined;
}

/** The same as one list of scales and zero points. Undefined where no axis and no blocks say it, or no number. */
export function knownOf(stored: StoredIntegers): KnownIntegers | undefined {
  const { integers, bits, scale, block } = stored;
  const { dims } = integers;
  const Integers = integers.type === "int8" ? Int8Array : Uint8Array;
  const single = dims.map(() => 1);
  const zero = stored.zero ?? { dims: single, data: new Integers(1) };
  if (!scale?.data.every(Number.isFinite)) return undefined;
  const shared = scale.dims.map((length, i) => Math.max(length, zero.dims[i]!));
  const varying = shared.flatMap((length, i) => length > 1 ? [i] : []);
  const few = bits === 8 ? {} : { bits };
  const spread = (to: readonly number[]) => ({
    integers,
    ...few,
    scales: expand(scale, to, new Float32Array(elementCount(to))),
    zeroPoints: expand(zero, to, new Integers(elementCount(to))),
  });
  if (block === undefined && varying.length < 2) return { ...spread(shared), axis: varying[0] };
  const axis = block?.axis ?? shared.lastIndexOf(1);
  if (axis < 0) return undefined;
  // Scales of several axes: blocks as long as the axis that has none.
  const blockSize = block?.size ?? Math.max(1, dims[axis]!);
  const to = dims.map((length, i) => i === axis ? Math.ceil(length / blockSize) : length);
  return { ...spread(to), axis, blockSize };
}

function expand<Data extends Float32Array | Int8Array | Uint8Array>(
  { dims, data }: ScaleGrid<Data>,
  to: readonly number[],
  into: Data,
): Data {
  if (data.length === into.length) {
    into.set(data);
    return into;
  }
  const strides = dims.map((length, i) => length === 1 ? 0 : elementCount(dims.slice(i + 1)));
  for (let i = 0; i < into.length; i++) {
    let from = 0;
    for (let axis = to.length - 1, rest = i; axis >= 0; axis--) {
      from += rest % to[axis]! * strides[axis]!;
      rest = Math.floor(rest / to[axis]!);
    }
    into[i] = data[from]!;
  }
  return into;
}

/** The floats that a runtime makes of stored integers: `(q - zeroPoint) * scale`, rounded to float32 once. */
export function dequantizeKnown(known: KnownIntegers): Tensor<"float32"> {
  const { integers: { dims, data }, scales, zeroPoints, axis, blockSize } = known;
  const floats = new Float32Array(data.length);
  const run = axis === undefined ? data.length : elementCount(dims.slice(axis + 1));
  const length = axis === undefined ? 1 : dims[axis]!;
  const groups = blockSize === undefined ? 0 : Math.ceil(length / blockSize);
  for (let start = 0, row = 0; start < data.length; start += run, row++) {
    const along = row % length;
    if (blockSize === undefined) {
      const [scale, zero] = [scales[along]!, zeroPoints[along]!];
      for (let i = start; i < start + run; i++) floats[i] = (data[i]! - zero) * scale;
    } else {
      const group = Math.floor(row / length) * groups + Math.floor(along / blockSize);
      for (let i = 0, at = group * run; i < run; i++, at++) {
        floats[start + i] = (data[start + i]! - zeroPoints[at]!) * scales[at]!;
      }
    }
  }
  return { type: "float32", dims, data: floats };
}
