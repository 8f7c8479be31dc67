import { assertEquals, assertThrows } from "@std/assert";
import {
  affineParams,
  fakeQuantize,
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

Deno.test("fakeQuantize() gives back what the integers stand for", () => {
  const params = { scale: 0.25, zeroPoint: -3 };
  const grid = { qmin: -128, qmax: 127 };
  // -125 and 130 steps are what the ends of the grid stand for; 0.125 and 0.375 are ties.
  const values = fakeQuantize([-100, -31.25, 0, 0.125, 0.375, 0.3, 100], params, grid);
  assertEquals([...values], [-31.25, -31.25, 0, 0, 0.5, 0.25, 32.5]);
});

Deno.test("fakeQuantize() divides in float32, as kernels do", () => {
  // 0.35 / 0.1 is 3.4999999 in float64 and the tie 3.5 in float32, which rounds to the even 4.
  const [scale, x] = [Math.fround(0.1), Math.fround(0.35)];
  assertEquals(x / scale < 3.5, true);
  assertEquals([...fakeQuantize([x], { scale, zeroPoint: 0 })], [Math.fround(4 * scale)]);
});

Deno.test("fakeQuantize() of nothing is nothing, and NaN stays NaN", () => {
  assertEquals([...fakeQuantize([], { scale: 1, zeroPoint: 0 })], []);
  assertEquals([...fakeQuantize([NaN], { scale: 1, zeroPoint: 0 })], [NaN]);
});
