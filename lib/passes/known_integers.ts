import type { TensorProto } from "../onnx/onnx_pb.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** The integers that a float32 constant was dequantized from. */
export interface KnownIntegers {
  /** In the shape of the constant; those of fewer bits one to an element, too. */
  readonly integers: Tensor<"int8" | "uint8">;
  /** Bits of each in the file. @default {8} */
  readonly bits?: 2 | 4 | 8;
  /**
   * One scale, or one for each index along the axis; with a block size one for each block of each row along
   * the axis, in the layout of the constant whose axis is as long as there are blocks.
   */
  readonly scales: Float32Array;
  /** As many as scales. */
  readonly zeroPoints: Int8Array | Uint8Array;
  readonly axis: number | undefined;
  /** Elements along the axis that share a scale. @default {all that have one index along the axis} */
  readonly blockSize?: number;
}

// Beside the constants and not in them: a file needs to hold no trace, and what changes a constant makes
// another one, of which nothing is known.
const known = new WeakMap<TensorProto, KnownIntegers>();
const quantized = new WeakSet<TensorProto>();

/** Remembers what a constant was dequantized from, so that whoever quantizes it takes the same integers. */
export function rememberIntegers(tensor: TensorProto, integers: KnownIntegers): void {
  known.set(tensor, integers);
}

/** The integers that a constant was dequantized from, if it was. */
export function integersOf(tensor: TensorProto | undefined): KnownIntegers | undefined {
  return tensor && known.get(tensor);
}

/** Remembers that the file held a constant of integers as floats, before a QuantizeLinear. */
export function markQuantized(tensor: TensorProto): void {
  quantized.add(tensor);
}

/** Whether a constant of integers was floats in the file. */
export function wasFloats(tensor: TensorProto | undefined): boolean {
  return tensor !== undefined && quantized.has(tensor);
}
