/** Integers of less than a byte. */
export type PackedType = "int4" | "uint4" | "int2" | "uint2";

/**
 * Packs small integers as ONNX stores them: the first element in the lowest bits of its byte, the last
 * byte filled up with zeros.
 *
 * @throws {RangeError} If a value does not fit.
 * @example
 * ```ts
 * import { packBits } from "./packing.ts";
 * import assert from "node:assert/strict";
 * assert.deepEqual(packBits(Int8Array.of(1, -1, 7), "int4"), Uint8Array.of(0xf1, 0x07));
 * ```
 */
export function packBits(
  values: Int8Array | Uint8Array,
  type: PackedType,
): Uint8Array<ArrayBuffer> {
  const { bits, min, max } = grids[type];
  const perByte = 8 / bits;
  const mask = (1 << bits) - 1;
  const packed = new Uint8Array(Math.ceil(values.length / perByte));
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < min || value > max) {
      throw new RangeError(
        `Cannot pack element ${i} as ${type}: ${value} is outside of ${min} to ${max}`,
      );
    }
    packed[Math.floor(i / perByte)]! |= (value & mask) << (i % perByte * bits);
  }
  return packed;
}

/**
 * Unpacks what {@linkcode packBits} packed, one element to a byte, with its sign.
 *
 * @param count Number of elements; the last byte may hold fewer than it could.
 * @returns Int8Array for signed types, Uint8Array for unsigned ones.
 */
export function unpackBits(
  packed: Uint8Array,
  type: PackedType,
  count: number,
): Int8Array<ArrayBuffer> | Uint8Array<ArrayBuffer> {
  const { bits, min, max } = grids[type];
  const perByte = 8 / bits;
  const mask = (1 << bits) - 1;
  const values = min < 0 ? new Int8Array(count) : new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const value = packed[Math.floor(i / perByte)]! >> (i % perByte * bits) & mask;
    values[i] = value > max ? value - (1 << bits) : value;
  }
  return values;
}

const grids: Readonly<Record<PackedType, { bits: number; min: number; max: number }>> = {
  int4: { bits: 4, min: -8, max: 7 },
  uint4: { bits: 4, min: 0, max: 15 },
  int2: { bits: 2, min: -2, max: 1 },
  uint2: { bits: 2, min: 0, max: 3 },
};
