import assert from "node:assert/strict";
import { packBits, unpackBits } from "../../lib/tensor/packing.ts";

Deno.test("packBits() puts the first of two int4 in the low half, and fills the last byte", () => {
  assert.deepEqual(packBits(Int8Array.of(1, -8, 7), "int4"), Uint8Array.of(0x81, 0x07));
  assert.deepEqual(packBits(Uint8Array.of(15, 1), "uint4"), Uint8Array.of(0x1f));
});

Deno.test("packBits() puts four int2 into a byte from the lowest bits up", () => {
  assert.deepEqual(packBits(Int8Array.of(-2, -1, 0, 1, 1), "int2"), Uint8Array.of(0b01001110, 1));
});

Deno.test("unpackBits() gives back every value with its sign", () => {
  const int4 = Int8Array.from({ length: 16 }, (_, i) => i - 8);
  const uint4 = Uint8Array.from({ length: 16 }, (_, i) => i);
  const int2 = Int8Array.of(-2, -1, 0, 1, -2);
  const uint2 = Uint8Array.of(3, 2, 1, 0, 3, 3);
  assert.deepEqual(unpackBits(packBits(int4, "int4"), "int4", 16), int4);
  assert.deepEqual(unpackBits(packBits(uint4, "uint4"), "uint4", 16), uint4);
  assert.deepEqual(unpackBits(packBits(int2, "int2"), "int2", 5), int2);
  assert.deepEqual(unpackBits(packBits(uint2, "uint2"), "uint2", 6), uint2);
  assert.deepEqual(unpackBits(new Uint8Array(), "uint2", 0), new Uint8Array());
});

Deno.test("packBits() refuses what does not fit", () => {
  assert.throws(
    () => packBits(Int8Array.of(0, 8), "int4"),
    /element 1 as int4: 8 is outside of -8/,
  );
  assert.throws(() => packBits(Int8Array.of(-1), "uint2"), RangeError);
});
