import { assertEquals, assertThrows } from "@std/assert";
import {
  affineParams,
  INT8,
  quantizeValue,
  symmetricParams,
  UINT8,
} from "../../lib/quantize/affine.ts";

Deno.test("affineParams() spreads [-1, 1] over 255 steps with 128 for zero", () => {
  // -1 / (2 / 255) = -127.5, and the tie rounds to the even 128.
  assertEquals(affineParams({ min: -1, max: 1 }), {
    scale: Math.fround(2 / 255),
    zeroPoint: 128,
  });
});

Deno.test("affineParams() widens an interval that does not hold zero", () => {
  assertEquals(affineParams({ min: 2, max: 255 }), { scale: 1, zeroPoint: 0 });
  assertEquals(affineParams({ min: -255, max: -2 }), { scale: 1, zeroPoint: 255 });
});

Deno.test("affineParams() gives nothing but zeros a valid scale", () => {
  assertEquals(affineParams({ min: 0, max: 0 }), { scale: 1, zeroPoint: 0 });
  assertEquals(affineParams({ min: 0, max: 1e-42 }), { scale: 1, zeroPoint: 0 });
});

Deno.test("affineParams() refuses reversed and endless intervals", () => {
  assertThrows(() => affineParams({ min: 1, max: -1 }), RangeError);
  assertThrows(() => affineParams({ min: 0, max: Infinity }), RangeError);
  assertThrows(() => affineParams({ min: NaN, max: 1 }), RangeError);
});

Deno.test("symmetricParams() divides by 127, as onnxruntime and not as PyTorch", () => {
  assertEquals(symmetricParams({ min: -0.5, max: 1 }).scale, Math.fround(1 / 127));
});

Deno.test("quantizeValue() rounds ties to even and saturates", () => {
  const params = { scale: 1, zeroPoint: 10 };
  const quantize = (x: number) => quantizeValue(x, params, UINT8);
  assertEquals([0.5, 1.5, -0.5, 1e9, -1e9].map(quantize), [10, 12, 10, 255, 0]);
  assertEquals(quantizeValue(-500, { scale: 1, zeroPoint: 0 }, INT8), -127);
});
