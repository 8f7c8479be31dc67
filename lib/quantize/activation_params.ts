import type { Range } from "../calibrate/range.ts";
import { type AffineParams, affineParams, type Grid } from "./affine.ts";
import type { ActivationType, StaticInt8 } from "./qconfig.ts";

/** What decides how the integers of an activation are laid over its range. */
export type ActivationScheme = Pick<StaticInt8, "dtype" | "scheme" | "reduceRange">;

const GRIDS: Readonly<Record<ActivationType, Grid>> = {
  uint8: { qmin: 0, qmax: 255 },
  int8: { qmin: -128, qmax: 127 },
};

/** Half of each grid, as processors want it whose int16 sums of products would saturate. */
const REDUCED: Readonly<Record<ActivationType, Grid>> = {
  uint8: { qmin: 0, qmax: 127 },
  int8: { qmin: -64, qmax: 63 },
};

/** Every integer of an activation's type. QuantizeLinear saturates at its ends, reduced or not. */
export function typeGrid(dtype: ActivationType): Grid {
  return GRIDS[dtype];
}

/**
 * Scale and zero point of an activation.
 *
 * @param ceiling Upper end that a Clip behind the kernel lets through: the runtime drops the Clip only
 * if no integer stands for more. @default {Infinity}
 */
export function activationParams(
  range: Range,
  scheme: ActivationScheme,
  ceiling = Infinity,
): AffineParams {
  const { dtype, reduceRange } = scheme;
  const grid = (reduceRange ? REDUCED : GRIDS)[dtype];
  const params = scheme.scheme === "affine" ? affineParams(range, grid) : centred(range, grid);
  const { qmax } = GRIDS[dtype];
  const top = qmax - params.zeroPoint; // integers above zero
  if (params.scale * top <= ceiling) return params;
  return { ...params, scale: previousFloat(Math.fround(ceiling / top)) };
}

/** Symmetric about 0: the zero point is the middle of the grid, 128 for uint8 and 0 for int8. */
function centred(range: Range, grid: Grid): AffineParams {
  const reach = Math.max(Math.abs(range.min), Math.abs(range.max));
  const { scale } = affineParams({ min: -reach, max: reach }, grid);
  return { scale, zeroPoint: Math.ceil((grid.qmin + grid.qmax) / 2) };
}

/** The largest float32 below a positive one. */
function previousFloat(x: number): number {
  const bits = new Int32Array(Float32Array.of(x).buffer);
  bits[0]! -= 1;
  return new Float32Array(bits.buffer)[0]!;
}
