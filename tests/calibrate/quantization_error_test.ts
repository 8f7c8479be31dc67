import { assertAlmostEquals, assertEquals } from "@std/assert";
import { quantizationError } from "../../lib/calibrate/quantization_error.ts";
import type { Range } from "../../lib/calibrate/range.ts";
import { affineParams, quantizeValue, UINT8 } from "../../lib/quantize/affine.ts";
import { normal } from "../random.ts";
import { seen } from "./arrays.ts";

Deno.test("quantizationError() is the error of the quantizer's own integers", () => {
  const tensors = [
    normal(50_000, 1),
    normal(50_000, 2).map((x) => Math.max(x, 0)),
    normal(50_000, 3).map((x) => x ** 3),
    normal(50_000, 4).map((x) => 5 + 0.1 * x),
  ];
  for (const values of tensors) {
    const statistics = seen(values);
    const { min, max } = statistics;
    const ranges = [
      { min, max },
      { min: min / 2, max: max / 2 },
      { min: min / 20, max },
      { min: min - 1, max: 0.7 * max },
    ];
    for (const range of ranges) {
      const expected = squaredError(values, range);
      const { total } = quantizationError(statistics, range);
      assertAlmostEquals(total, expected, 0.03 * expected);
    }
  }
});

Deno.test("quantizationError() tells what clipping does from what rounding does", () => {
  const statistics = seen(Float32Array.from({ length: 1000 }, (_, i) => (i + 0.5) / 1000));
  // Half of the values lie evenly beyond 0.5: a third of 0.5^3 each, times 1000.
  const { total, clipping } = quantizationError(statistics, { min: 0, max: 0.5 });
  assertAlmostEquals(clipping, 1000 / 24, 0.1);
  assertAlmostEquals(total - clipping, 500 * (0.5 / 255) ** 2 / 12, 1e-5);
});

Deno.test("quantizationError() takes a range of no width for zero alone", () => {
  const { total } = quantizationError(seen([1, 1, 0, 0]), { min: 0, max: 0 });
  assertAlmostEquals(total, 2, 1e-2);
  assertEquals(quantizationError(seen([0, 0]), { min: 0, max: 0 }).total, 0);
});

function squaredError(values: Float32Array, range: Range): number {
  const params = affineParams(range);
  return values.reduce((sum, x) => {
    const q = quantizeValue(x, params, UINT8);
    return sum + (x - params.scale * (q - params.zeroPoint)) ** 2;
  }, 0);
}
