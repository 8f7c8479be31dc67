import { assertAlmostEquals, assertEquals } from "@std/assert";
import { addChannels, type ChannelStatistics } from "../../lib/calibrate/channel_statistics.ts";
import { FIXED_RANGES } from "../../lib/calibrate/fixed_range.ts";
import { histogram } from "../../lib/calibrate/l2_histogram.ts";
import { mse } from "../../lib/calibrate/least_error.ts";
import { minMax } from "../../lib/calibrate/observers.ts";
import type { Range } from "../../lib/calibrate/range.ts";
import { movingAverage } from "../../lib/calibrate/sample_observers.ts";
import { affineParams, quantizeValue, symmetricParams, UINT8 } from "../../lib/quantize/affine.ts";
import { batches, bell, seen } from "./arrays.ts";

// Recorded with PyTorch 2.13.0 (torch.ao.quantization.observer), on the arrays of arrays.ts.

/** Equal but for float32's rounding, in which PyTorch counts. */
function assertFloat32(actual: number, expected: number): void {
  assertAlmostEquals(actual, expected, 4e-7 * Math.abs(expected));
}

Deno.test("minMax() is PyTorch's MinMaxObserver", () => {
  assertEquals(minMax().range(seen(...batches(8))), {
    min: -4.540505886077881,
    max: 3.754733085632324,
  });
});

Deno.test("movingAverage() is PyTorch's MovingAverageMinMaxObserver", () => {
  const { min, max } = movingAverage().range(seen(...batches(8)));
  assertFloat32(min, -1.8194822072982788);
  assertFloat32(max, 1.588683843612671);
});

Deno.test("addChannels() sees what PyTorch's PerChannelMinMaxObserver sees", () => {
  const along = (axis: number) =>
    batches(8).reduce<ChannelStatistics | undefined>(
      (statistics, values) => addChannels(statistics, values, { dims: [4, 8, 16], axis }),
      undefined,
    )!;
  // deno-fmt-ignore
  assertEquals([...along(1).min], [
    -4.540505886077881, -3.6018714904785156, -4.071724891662598, -3.523437976837158,
    -3.531463623046875, -4.032930374145508, -2.992283344268799, -3.2259645462036133,
  ]);
  // deno-fmt-ignore
  assertEquals([...along(1).max], [
    3.330655336380005, 3.5739474296569824, 3.28201961517334, 3.754733085632324,
    3.243109703063965, 3.403529405593872, 3.117387294769287, 3.505617618560791,
  ]);
  // deno-fmt-ignore
  assertEquals([...along(2).max], [
    3.243109703063965, 3.346717119216919, 3.403529405593872, 3.754733085632324,
    3.075978994369507, 3.0540812015533447, 3.330655336380005, 3.117387294769287,
    3.0197343826293945, 2.7050442695617676, 3.1459667682647705, 2.7010538578033447,
    3.28201961517334, 3.115461826324463, 3.5493786334991455, 3.116295576095581,
  ]);
});

Deno.test("histogram() errs no more than PyTorch's HistogramObserver, and mse() no more than it", () => {
  const four = (make: (i: number) => Float32Array) => Array.from({ length: 4 }, (_, i) => make(i));
  const cases: { samples: Float32Array[]; torch: Range }[] = [
    {
      samples: four((i) => bell(4096, 100 + i).map((x) => x ** 3)),
      torch: { min: -5.840128421783447, max: 6.94741678237915 },
    },
    {
      samples: four((i) => bell(4096, 200 + i).map((x) => Math.max(x, 0))),
      torch: { min: 0, max: 1.8281385898590088 },
    },
    {
      samples: four((i) => bell(4096, 300 + i)),
      torch: { min: -1.807440161705017, max: 1.8526326417922974 },
    },
  ];
  for (const { samples, torch } of cases) {
    const statistics = seen(...samples);
    const values = samples.flatMap((sample) => [...sample]);
    const ours = histogram().range(statistics);
    const [least, middle, most] = [mse().range(statistics), ours, torch].map((range) =>
      squaredError(values, range)
    );
    // The histogram knows values to 1/2048 of their range, and so errors to about a percent.
    assertEquals(middle! <= 1.01 * most!, true, `${middle} against PyTorch's ${most}`);
    assertEquals(least! <= 1.01 * middle!, true, `${least} against ${middle}`);
    assertAlmostEquals(ours.max, torch.max, 0.2 * torch.max);
  }
});

Deno.test("affineParams() are PyTorch's and onnxruntime's for quint8", () => {
  const cases = [
    { range: { min: -1, max: 2 }, scale: 0.0117647061124444, zeroPoint: 85 },
    { range: { min: 0.5, max: 3 }, scale: 0.0117647061124444, zeroPoint: 0 },
    { range: { min: -3, max: -1 }, scale: 0.0117647061124444, zeroPoint: 255 },
    { range: { min: -7, max: 1000 }, scale: 3.94901967048645, zeroPoint: 2 },
    {
      range: { min: -4.540505886077881, max: 3.754733085632324 },
      scale: 0.032530348747968674,
      zeroPoint: 140,
    },
  ];
  for (const { range, scale, zeroPoint } of cases) {
    assertEquals(affineParams(range).zeroPoint, zeroPoint);
    assertFloat32(affineParams(range).scale, scale);
  }
});

Deno.test("affineParams() on half of the integers are PyTorch's with reduce_range", () => {
  const range = { min: -4.540505886077881, max: 3.754733085632324 };
  const { scale, zeroPoint } = affineParams(range, { qmin: 0, qmax: 127 });
  assertFloat32(scale, 0.06531684100627899);
  assertEquals(zeroPoint, 70);
});

Deno.test("affineParams() of no width have scale 1, as onnxruntime's; PyTorch's is its epsilon", () => {
  assertEquals(affineParams({ min: 0, max: 0 }), { scale: 1, zeroPoint: 0 }); // PyTorch: 1.19e-7
  // PyTorch raises this scale to its epsilon too, onnxruntime does not.
  const tiny = affineParams({ min: -1e-9, max: 1e-9 });
  assertFloat32(tiny.scale, 7.843136730356637e-12);
  assertEquals(tiny.zeroPoint, 128);
});

Deno.test("symmetricParams() divide by 127, as onnxruntime's; PyTorch divides by 127.5", () => {
  const range = { min: -4.540505886077881, max: 3.754733085632324 };
  const torch = 0.03561181202530861;
  assertFloat32(symmetricParams(range).scale, torch * 127.5 / 127);
  assertFloat32(symmetricParams({ min: -7, max: 1000 }).scale, 7.874015808105469); // onnxruntime
});

Deno.test("symmetricParams() on half of the integers follow onnxruntime's -64..64", () => {
  // PyTorch's reduced qint8 is -64..63, and its divisor 63.5.
  assertEquals(symmetricParams({ min: -32, max: 16 }, { qmin: -64, qmax: 64 }).scale, 0.5);
});

Deno.test("FIXED_RANGES give scales with both ends on the grid, unlike PyTorch's", () => {
  const params = (op: string) => affineParams(FIXED_RANGES.get(op)!);
  // PyTorch: 1/256 with zero point 0, 2/256 with 128, so that 1 itself is not to be had.
  assertEquals(params("Sigmoid"), { scale: Math.fround(1 / 255), zeroPoint: 0 });
  assertEquals(params("Softmax"), params("Sigmoid"));
  assertEquals(params("Tanh"), { scale: Math.fround(2 / 255), zeroPoint: 128 });
});

/** What rounding to uint8 over a range really does to these values. */
function squaredError(values: readonly number[], range: Range): number {
  const params = affineParams(range);
  return values.reduce((sum, x) => {
    const q = quantizeValue(x, params, UINT8);
    return sum + (x - params.scale * (q - params.zeroPoint)) ** 2;
  }, 0);
}
