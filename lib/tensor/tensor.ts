import { Float16Elements } from "./float16_array.ts";

/**
 * Array that holds the elements of each type. `bool` is one byte, 0 or 1; `bfloat16` its bits.
 * @category Graphs (advanced)
 */
export interface ElementArrays {
  /** IEEE 754, 32 bits. */
  float32: Float32Array;
  /** IEEE 754, 64 bits. */
  float64: Float64Array;
  /** IEEE 754, 16 bits. */
  float16: Float16Array;
  /** The upper 16 bits of a float32's, as they are. */
  bfloat16: Uint16Array;
  /** -128 to 127. */
  int8: Int8Array;
  /** 0 to 255. */
  uint8: Uint8Array;
  /** -32,768 to 32,767. */
  int16: Int16Array;
  /** 0 to 65,535. */
  uint16: Uint16Array;
  /** 32 bits, signed. */
  int32: Int32Array;
  /** 32 bits, unsigned. */
  uint32: Uint32Array;
  /** 64 bits, signed: what ONNX gives shapes and indices. */
  int64: BigInt64Array;
  /** 64 bits, unsigned. */
  uint64: BigUint64Array;
  /** A byte each, 0 or 1. */
  bool: Uint8Array;
  /** A text each. */
  string: readonly string[];
}

/**
 * Name of an element type, as onnxruntime-web spells it.
 * @category Graphs (advanced)
 */
export type ElementType = keyof ElementArrays;

/** Element types that are held in a typed array: all but `string`. */
export type NumericType = Exclude<ElementType, "string">;

/** What makes the array of an element type: zeros, or a view of a buffer. */
export interface ArrayConstructor<A> {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): A;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): A;
}

/** Constructors of the arrays that hold the elements of each numeric type. */
export const numericArrays: { readonly [T in NumericType]: ArrayConstructor<ElementArrays[T]> } = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Float16Elements,
  bfloat16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
};

/**
 * A dense array of numbers (or texts) in row-major order.
 * @category Model
 */
export interface Tensor<T extends ElementType = ElementType> {
  /** Type of its elements. */
  readonly type: T;
  /** Length of each dimension; [] is a scalar. */
  readonly dims: readonly number[];
  /** Elements, `product(dims)` of them. May be a view of a SharedArrayBuffer. */
  readonly data: ElementArrays[T];
}

/**
 * Values by name: what a network is fed, or what it gives back.
 * @category Model
 */
export type Feeds = Readonly<Record<string, Tensor>>;

/**
 * What a network says of one of its inputs or outputs.
 * @category Graphs (advanced)
 */
export interface ValueType {
  /** By which it is fed, or found among the results. */
  readonly name: string;
  /** Type of its elements. */
  readonly type: ElementType;
  /** A number is fixed, a text is a named dynamic dimension, null is unknown. Undefined: unknown rank. */
  readonly dims?: readonly (number | string | null)[];
}

/** Number of elements of a shape. The empty shape is a scalar and has one. */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((count, dim) => count * dim, 1);
}

/**
 * Makes a float32 tensor.
 *
 * @param dims Shape; its product must be the number of values.
 * @throws {RangeError} If shape and number of values differ.
 * @example
 * ```ts
 * import { float32Tensor } from "octavo";
 * import assert from "node:assert/strict";
 * assert.deepEqual(float32Tensor([2, 1], [3, 4]).data, new Float32Array([3, 4]));
 * ```
 * @category Model
 */
export function float32(
  dims: readonly number[],
  values: Float32Array | readonly number[],
): Tensor<"float32"> {
  if (elementCount(dims) !== values.length) {
    throw new RangeError(
      `Cannot make a tensor of shape [${dims.join(", ")}]: it holds ${elementCount(dims)} ` +
        `elements, got ${values.length}`,
    );
  }
  const data = values instanceof Float32Array ? values : Float32Array.from(values);
  return { type: "float32", dims, data };
}
