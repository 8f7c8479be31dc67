import type { Observer } from "./observers.ts";
import type { Range } from "./range.ts";

/**
 * Keeps a range that is known without looking, such as that of a Sigmoid's result.
 *
 * @throws {RangeError} If it is reversed or not finite.
 * @example
 * ```ts
 * import { fixedRange } from "./fixed_range.ts";
 * import { emptyStatistics } from "./statistics.ts";
 * import assert from "node:assert/strict";
 * const observer = fixedRange({ min: -1, max: 1 });
 * assert.equal(observer.name, "fixed -1..1");
 * assert.deepEqual(observer.range(emptyStatistics()), { min: -1, max: 1 });
 * ```
 */
export function fixedRange({ min, max }: Range): Observer {
  if (!(max - min >= 0 && max - min < Infinity)) {
    throw new RangeError(
      `fixedRange() takes a finite range with min <= max, got [${min}, ${max}]`,
    );
  }
  return { name: `fixed ${min}..${max}`, range: () => ({ min, max }) };
}

/**
 * What the results of some ONNX operators lie in, whatever they are fed. PyTorch (as 1/256 and
 * 2/256 steps) and onnxruntime (for Softmax) use the same ranges; here both ends are integers.
 *
 * @see PyTorch `FixedQParamsObserver`
 */
export const FIXED_RANGES: ReadonlyMap<string, Range> = new Map([
  ["Sigmoid", { min: 0, max: 1 }],
  ["HardSigmoid", { min: 0, max: 1 }],
  ["Softmax", { min: 0, max: 1 }],
  ["Tanh", { min: -1, max: 1 }],
]);
