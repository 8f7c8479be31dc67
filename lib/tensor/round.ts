/**
 * Rounds to the nearest integer, ties to the even one, as QuantizeLinear does on every kernel.
 *
 * @see {@link https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html | QuantizeLinear}
 * @example
 * ```ts
 * import { roundEven } from "./round.ts";
 * import assert from "node:assert/strict";
 * assert.deepEqual([0.5, 1.5, 2.5, -0.5, 2.4].map((x) => roundEven(x) + 0), [0, 2, 2, 0, 2]);
 * ```
 */
export function roundEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  if (rest < 0.5) return down;
  if (rest > 0.5) return down + 1;
  return down % 2 === 0 ? down : down + 1;
}

/**
 * The integer that stands for a real value: how many steps of the scale come nearest to it. Divided in
 * float64, for what a file holds: the quotient of two float32 values is then rounded once.
 *
 * @param scale > 0; real units per step.
 */
export function nearestStep(x: number, scale: number): number {
  return roundEven(x / scale);
}

/**
 * The same, divided in float32, as kernels divide an activation: the quotient is rounded to float32, and
 * that to the integer, which near a tie may be the neighbour of what {@linkcode nearestStep} gives.
 */
export function nearestStepFloat32(x: number, scale: number): number {
  return roundEven(Math.fround(x / scale));
}

/**
 * The integer that stands for 0 where `min` is the lowest real value, and `qmin` stands for it: rounded
 * such that 0 is exact, and on the grid.
 *
 * @param scale > 0; of full precision, not yet rounded to float32.
 * @example 0 lies a third of the way from -1 to 2
 * ```ts
 * import { zeroStep } from "./round.ts";
 * import assert from "node:assert/strict";
 * assert.equal(zeroStep(-1, 3 / 255, { qmin: 0, qmax: 255 }), 85);
 * ```
 */
export function zeroStep(
  min: number,
  scale: number,
  { qmin, qmax }: { readonly qmin: number; readonly qmax: number },
): number {
  const zero = roundEven(qmin - min / scale) + 0; // + 0 turns -0 into 0
  return Math.min(Math.max(zero, qmin), qmax);
}
