import {
  type ElementArrays,
  numericArrays,
  type NumericType,
  type Tensor,
} from "../tensor/tensor.ts";

/** Bytes of one element. */
export function elementSize(type: NumericType): number {
  return numericArrays[type].BYTES_PER_ELEMENT;
}

/**
 * Allocates `length` zeros on memory that workers can share: a sample that lies there is handed to
 * them as a reference, not copied.
 */
export function sharedArray<T extends NumericType>(type: T, length: number): ElementArrays[T] {
  const buffer = new SharedArrayBuffer(length * elementSize(type));
  return viewArray(type, buffer, 0, length);
}

/** Views `length` elements of a buffer; `byteOffset` must be a multiple of the element's size. */
export function viewArray<T extends NumericType>(
  type: T,
  buffer: ArrayBufferLike,
  byteOffset: number,
  length: number,
): ElementArrays[T] {
  const make: new (buffer: ArrayBufferLike, byteOffset: number, length: number) => unknown =
    numericArrays[type];
  return new make(buffer, byteOffset, length) as ElementArrays[T];
}

/** The same tensor on shared memory: itself if it lies there, else a copy. */
export function shareTensor(tensor: Tensor): Tensor {
  const { type, data } = tensor;
  if (type === "string" || bytesOf(tensor).buffer instanceof SharedArrayBuffer) return tensor;
  const shared = sharedArray(type, data.length);
  const bytes = new Uint8Array(shared.buffer, shared.byteOffset, shared.byteLength);
  bytes.set(bytesOf(tensor));
  return { ...tensor, data: shared } as Tensor;
}

/** The bytes of a tensor's elements, little-endian, as a view; of texts, UTF-8 ended by zeros. */
export function bytesOf(tensor: Tensor): Uint8Array {
  const data = tensor.data;
  if (!ArrayBuffer.isView(data)) {
    return new TextEncoder().encode(data.map((text) => `${text}\0`).join(""));
  }
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
