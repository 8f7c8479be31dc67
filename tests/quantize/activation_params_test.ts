import { assertEquals } from "@std/assert";
import { activationParams, boundedParams, typeGrid } from "../../lib/quantize/activation_params.ts";

const uint8 = { dtype: "uint8", scheme: "affine", reduceRange: false } as const;
const int8 = { dtype: "int8", scheme: "affine", reduceRange: false } as const;
const relu = { min: 0, max: Infinity };

Deno.test("activationParams() with a symmetric scheme puts zero in the middle", () => {
  const symmetric = { ...uint8, scheme: "symmetric" } as const;
  assertEquals(activationParams({ min: -1, max: 0.5 }, symmetric), {
    scale: Math.fround(2 / 255),
    zeroPoint: 128,
  });
  assertEquals(activationParams({ min: 0, max: 1 }, { ...symmetric, dtype: "int8" }).zeroPoint, 0);
});

Deno.test("activationParams() with a reduced range uses half of the integers", () => {
  const reduced = activationParams({ min: 0, max: 127 }, { ...uint8, reduceRange: true });
  assertEquals(reduced, { scale: 1, zeroPoint: 0 });
  const signed = activationParams({ min: -64, max: 63 }, { ...int8, reduceRange: true });
  assertEquals(signed, { scale: 1, zeroPoint: 0 });
});

Deno.test("boundedParams() behind a Relu puts zero at the smallest integer of the type", () => {
  for (const scheme of ["affine", "symmetric"] as const) {
    for (const reduceRange of [false, true]) {
      for (const dtype of ["uint8", "int8"] as const) {
        const { scale, zeroPoint } = boundedParams(
          { min: 0, max: 127.5 },
          { dtype, scheme, reduceRange },
          relu,
        );
        assertEquals(zeroPoint, typeGrid(dtype).qmin);
        assertEquals(scale, Math.fround(127.5 / (reduceRange ? 127 : 255)));
      }
    }
  }
});

Deno.test("boundedParams() of a Relu that was never positive still starts at zero", () => {
  assertEquals(boundedParams({ min: 0, max: 0 }, int8, relu), { scale: 1, zeroPoint: -128 });
});

Deno.test("boundedParams() lets no integer stand for what a Clip would cut", () => {
  for (const bounds of [{ min: 0, max: 6 }, { min: -0.5, max: 0.25 }, { min: -3, max: 0 }]) {
    for (const dtype of ["uint8", "int8"] as const) {
      for (const reduceRange of [false, true]) {
        const scheme = { dtype, scheme: "affine", reduceRange } as const;
        const { scale, zeroPoint } = boundedParams(bounds, scheme, bounds);
        const { qmin, qmax } = typeGrid(dtype);
        assertEquals(scale * (qmin - zeroPoint) >= bounds.min, true);
        assertEquals(scale * (qmax - zeroPoint) <= bounds.max, true);
      }
    }
  }
});
