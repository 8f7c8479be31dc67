import type { ConversionTime } from "./time_kernels.ts";
import type { Conversion } from "./tensor_form.ts";

/** What a conversion costs a tensor of so many elements, in milliseconds. */
export type ConversionTimes = (conversion: Conversion, elements: number) => number;

/**
 * What was measured elsewhere (onnxruntime-web 1.30, one thread), for conversions that nothing in a
 * network takes: nanoseconds an element, and 3 microseconds a node (kernel facts changes-of-precision,
 * moves-of-channels).
 */
export const CONVERSION_NS: Readonly<Record<Conversion, number>> = {
  quantize: 0.55,
  dequantize: 0.22,
  transposeInt8: 0.44,
  transposeFloat: 0.8,
};
const NODE_MS = 0.003;

/**
 * Draws a straight line through the times of each conversion: so much for the node, and so much for
 * each element. Errors count by their share, so that small tensors are met as well as large ones.
 */
export function fitConversionTimes(times: readonly ConversionTime[]): ConversionTimes {
  const lines = new Map(
    [...Map.groupBy(times, ({ conversion }) => conversion)].map((
      [conversion, same],
    ) => [conversion, fitLine(same)]),
  );
  return (conversion, elements) => {
    const { base, slope } = lines.get(conversion) ??
      { base: NODE_MS, slope: CONVERSION_NS[conversion] / 1e6 };
    return base + slope * elements;
  };
}

/** Least squares of relative errors, with neither part below zero. */
function fitLine(times: readonly ConversionTime[]): { base: number; slope: number } {
  const points = times.filter(({ ms, elements }) => ms > 0 && elements > 0);
  // Minimizes the sum of ((base + slope x - y) / y)^2.
  let [w, wx, wxx, wy, wxy] = [0, 0, 0, 0, 0];
  for (const { elements: x, ms: y } of points) {
    const weight = 1 / (y * y);
    w += weight;
    wx += weight * x;
    wxx += weight * x * x;
    wy += weight * y;
    wxy += weight * x * y;
  }
  if (points.length === 0) return { base: 0, slope: 0 };
  const determinant = w * wxx - wx * wx;
  if (determinant > 1e-9 * w * wxx) {
    const base = (wxx * wy - wx * wxy) / determinant;
    const slope = (w * wxy - wx * wy) / determinant;
    if (base >= 0 && slope >= 0) return { base, slope };
    if (slope < 0) return { base: wy / w, slope: 0 };
  }
  return { base: 0, slope: wxy / wxx };
}
