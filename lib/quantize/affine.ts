import type { Range } from "../calibrate/range.ts";
import { nearestStepFloat32, zeroStep } from "../tensor/round.ts";

/** Ends of an integer type, both included. */
export interface IntegerGrid {
  readonly qmin: number;
  readonly qmax: number;
}

/** Every value of uint8: activations. */
export const UINT8: IntegerGrid = { qmin: 0, qmax: 255 };

/** int8 without -128, so that it is symmetric about 0: weights. */
export const INT8: IntegerGrid = { qmin: -127, qmax: 127 };

/** How integers stand for reals: `real = scale * (q - zeroPoint)`. */
export interface AffineParams {
  /** Real units per step, > 0, a float32 value. */
  readonly scale: number;
  /** The integer that stands for 0, on the grid. */
  readonly zeroPoint: number;
}

/**
 * Chooses the affine parameters that spread a real interval over an integer grid, such that
 * `q = clamp(roundEven(x / scale) + zeroPoint, qmin, qmax)`. The interval is first widened to hold 0,
 * so that padding and ReLU stay exact.
 *
 * @param range Interval to represent, in the units of the tensor.
 * @param grid Ends of the integer type. @default {UINT8}
 * @returns An empty interval [0, 0] gives scale 1, zero point `qmin` clamped to hold 0.
 * @throws {RangeError} If `range` is reversed or not finite.
 * @see {@link https://arxiv.org/abs/1712.05877 | Jacob et al. 2018}, section 2.1
 * @example An activation after ReLU6
 * ```ts
 * import { affineParams, UINT8 } from "./affine.ts";
 * import assert from "node:assert/strict";
 * assert.equal(affineParams({ min: 0, max: 6 }, UINT8).zeroPoint, 0);
 * ```
 */
export function affineParams(range: Range, grid: IntegerGrid = UINT8): AffineParams {
  requireInterval(range);
  const min = Math.min(range.min, 0);
  const max = Math.max(range.max, 0);
  const exact = (max - min) / (grid.qmax - grid.qmin);
  const scale = usableScale(exact);
  if (scale === undefined) return { scale: 1, zeroPoint: Math.max(grid.qmin, 0) };
  return { scale, zeroPoint: zeroStep(min, exact, grid) };
}

/**
 * Chooses the scale that spreads [-a, a], a being the larger end of the interval, over a symmetric
 * grid; the zero point is 0. The divisor is the grid's positive end (127 for int8, as
 * onnxruntime has it; PyTorch divides by 127.5).
 *
 * @throws {RangeError} If `range` is reversed or not finite.
 * @example
 * ```ts
 * import { symmetricParams } from "./affine.ts";
 * import assert from "node:assert/strict";
 * assert.deepEqual(symmetricParams({ min: -254, max: 3 }), { scale: 2, zeroPoint: 0 });
 * ```
 */
export function symmetricParams(range: Range, grid: IntegerGrid = INT8): AffineParams {
  requireInterval(range);
  const reach = Math.max(Math.abs(range.min), Math.abs(range.max));
  return { scale: usableScale(reach / grid.qmax) ?? 1, zeroPoint: 0 };
}

/** The integer that stands for a real value. */
export function quantizeValue(x: number, params: AffineParams, grid: IntegerGrid): number {
  const q = nearestStepFloat32(x, params.scale) + params.zeroPoint;
  return Math.min(Math.max(q, grid.qmin), grid.qmax) + 0;
}

/**
 * Real values as they come back from their integers: divided in float32 as kernels do, rounded,
 * clamped, and multiplied again.
 *
 * @returns As many float32 values.
 * @example
 * ```ts
 * import { fakeQuantize, UINT8 } from "./affine.ts";
 * import assert from "node:assert/strict";
 * const values = fakeQuantize([-1, 0.2, 0.3, 1e9], { scale: 0.5, zeroPoint: 1 }, UINT8);
 * assert.deepEqual([...values], [-0.5, 0, 0.5, 127]);
 * ```
 */
export function fakeQuantize(
  values: ArrayLike<number>,
  params: AffineParams,
  grid: IntegerGrid = UINT8,
): Float32Array<ArrayBuffer> {
  const { scale, zeroPoint } = params;
  const rounded = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    rounded[i] = (quantizeValue(values[i]!, params, grid) - zeroPoint) * scale;
  }
  return rounded;
}

/**
 * Rounds a scale to float32, which is what the kernels read. Undefined where nothing positive and
 * normal is left: a subnormal scale would make `x / scale` overflow.
 */
function usableScale(scale: number): number | undefined {
  const rounded = Math.fround(scale);
  return rounded >= SMALLEST_NORMAL ? rounded : undefined;
}

/** Smallest normal float32. */
const SMALLEST_NORMAL = 2 ** -126;

function requireInterval(range: Range): void {
  const width = range.max - range.min;
  if (!(width >= 0 && width < Infinity)) {
    throw new RangeError(
      `Cannot choose a scale: range must be finite with min <= max, got [${range.min}, ${range.max}]`,
    );
  }
}
