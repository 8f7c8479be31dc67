import type { Observer } from "./observers.ts";
import type { Range } from "./range.ts";

/**
 * Keeps a range that is known without looking, such as that of a Sigmoid's result.
 *
 * @throws {RangeError} If it is reversed or not finite.
 * @example
 * ```ts
 * import { emptyStatistics, fixedRange } from "octavo/advanced";
 * import assert from "node:assert/strict";
 * const observer = fixedRange({ min: -1, max: 1 });
 * assert.equal(observer.name, "fixed -1..1");
 * assert.deepEqual(observer.range(emptyStatistics()), { min: -1, max: 1 });
 * ```
 * @category Observers (advanced)
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
 * What the results of some ONNX operators lie in, whatever they are fed: the ranges that PyTorch (as
 * 1/256 and 2/256 steps) and onnxruntime (for Softmax) give them; here both ends are integers.
 *
 * Both prefer these to what was seen. `convert()` does not: it takes them where calibration saw no
 * value. A Sigmoid that was only seen to reach 0.1 has ten times finer steps by its observer, and what
 * was seen never lies outside. Preferred to what min-max saw, they changed YuNet-n by -1.1 dB
 * [-1.9, -0.3], GTCRN, basic-pitch, FastestDet and magika by 0.03 dB at most. Where a range is wanted
 * all the same: `[{ op: "Sigmoid" }, staticInt8({ activation: fixedRange({ min: 0, max: 1 }) })]`.
 *
 * @see PyTorch `FixedQParamsObserver`
 */
export const FIXED_RANGES: ReadonlyMap<string, Range> = new Map([
  ["Sigmoid", { min: 0, max: 1 }],
  ["HardSigmoid", { min: 0, max: 1 }],
  ["Softmax", { min: 0, max: 1 }],
  ["Tanh", { min: -1, max: 1 }],
]);
