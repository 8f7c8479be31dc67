import type { Tensor } from "../tensor/tensor.ts";
import { bytesOf } from "./shared.ts";

/**
 * Whether two tensors have the same type, shape and bits: other than with numbers, 0 is not −0, and a NaN is
 * equal to itself.
 *
 * @example
 * ```ts
 * import { sameBits } from "./same_bits.ts";
 * import { float32 } from "../tensor/tensor.ts";
 * import assert from "node:assert/strict";
 * assert.ok(sameBits(float32([2], [NaN, 1]), float32([2], [NaN, 1])));
 * assert.ok(!sameBits(float32([1], [0]), float32([1], [-0])));
 * ```
 */
export function sameBits(a: Tensor, b: Tensor): boolean {
  if (a.type !== b.type || String(a.dims) !== String(b.dims)) return false;
  const [left, right] = [bytesOf(a), bytesOf(b)];
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}
