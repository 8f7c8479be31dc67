import type { Range } from "../calibrate/range.ts";
import { type AffineParams, affineParams, type IntegerGrid } from "./affine.ts";
import type { ActivationType, StaticInt8 } from "./qconfig.ts";

/** What decides how the integers of an activation are laid over its range. */
export type ActivationScheme = Pick<StaticInt8, "dtype" | "scheme" | "reduceRange">;

/** Names of the scale and the zero point of an activation, and their values. */
export interface ActivationParams {
  readonly params: AffineParams;
  readonly scale: string;
  readonly zeroPoint: string;
}

const GRIDS: Readonly<Record<ActivationType, IntegerGrid>> = {
  uint8: { qmin: 0, qmax: 255 },
  int8: { qmin: -128, qmax: 127 },
};

/** Half of each grid, as processors want it whose int16 sums of products would saturate. */
const REDUCED: Readonly<Record<ActivationType, IntegerGrid>> = {
  uint8: { qmin: 0, qmax: 127 },
  int8: { qmin: -64, qmax: 63 },
};

/** Every integer of an activation's type. QuantizeLinear saturates at its ends, reduced or not. */
export function typeGrid(dtype: ActivationType): IntegerGrid {
  return GRIDS[dtype];
}

/** Scale and zero point of an activation. */
export function activationParams(range: Range, scheme: ActivationScheme): AffineParams {
  const grid = (scheme.reduceRange ? REDUCED : GRIDS)[scheme.dtype];
  return scheme.scheme === "affine" ? affineParams(range, grid) : centred(range, grid);
}

/**
 * Scale and zero point of an activation behind a Relu or Clip. The runtime drops these only if no
 * integer stands for more than the bounds let through; if one does, it computes the Conv before them
 * in float32. So the ends of the type lie within the bounds, whatever the scheme: behind a Relu, zero
 * is the smallest integer.
 *
 * @param bounds Hold zero; one may be infinite.
 * @example Relu6 of values that were seen to reach 3
 * ```ts
 * import { boundedParams } from "./activation_params.ts";
 * import assert from "node:assert/strict";
 * const scheme = { dtype: "int8", scheme: "symmetric", reduceRange: false } as const;
 * const { scale, zeroPoint } = boundedParams({ min: 0, max: 3 }, scheme, { min: 0, max: 6 });
 * assert.deepEqual([scale, zeroPoint], [Math.fround(3 / 255), -128]);
 * ```
 */
export function boundedParams(
  range: Range,
  { dtype, reduceRange }: ActivationScheme,
  bounds: Range,
): AffineParams {
  const type = GRIDS[dtype];
  // It is the largest integer that clips from above, so it has to be in use.
  const isReduced = reduceRange && bounds.max === Infinity;
  const grid = isReduced ? { ...type, qmax: type.qmin + 127 } : type;
  const min = Math.max(Math.min(range.min, 0), bounds.min);
  const max = Math.min(Math.max(range.max, 0), bounds.max);
  const params = affineParams({ min, max }, grid);
  const zeroPoint = bounds.min === 0 ? type.qmin : bounds.max === 0 ? type.qmax : params.zeroPoint;
  const most = Math.min(
    largestScale(bounds.max, type.qmax - zeroPoint),
    largestScale(-bounds.min, zeroPoint - type.qmin),
  );
  return { scale: params.scale <= most ? params.scale : floatBelow(most), zeroPoint };
}

/** The scale with which so many steps reach a bound. */
function largestScale(bound: number, steps: number): number {
  return steps === 0 ? Infinity : bound / steps;
}

/** Symmetric about 0: the zero point is the middle of the grid, 128 for uint8 and 0 for int8. */
function centred(range: Range, grid: IntegerGrid): AffineParams {
  const reach = Math.max(Math.abs(range.min), Math.abs(range.max));
  const { scale } = affineParams({ min: -reach, max: reach }, grid);
  return { scale, zeroPoint: Math.ceil((grid.qmin + grid.qmax) / 2) };
}

/** The largest float32 below a positive number. */
function floatBelow(x: number): number {
  const bits = new Int32Array(Float32Array.of(x).buffer);
  bits[0]! -= 1;
  return new Float32Array(bits.buffer)[0]!;
}
