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
