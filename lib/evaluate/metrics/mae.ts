import { sameShape } from "../closeness.ts";
import { toNumbers } from "../classes.ts";
import type { ClosenessOptions, Metric } from "../metric.ts";
import { outputPairs } from "../worst_output.ts";

/**
 * Mean absolute error of a sample's outputs against the float32 network's, in their own unit; of several
 * outputs the largest. Where both hold the same infinity there is no error.
 *
 * @example
 * ```ts
 * import { mae } from "./mae.ts";
 * import { float32 } from "../../tensor/tensor.ts";
 * import assert from "node:assert/strict";
 * const [outputs, reference] = [{ y: float32([2], [1, 5]) }, { y: float32([2], [2, 2]) }];
 * assert.equal(mae().score({ outputs, reference, index: 0 }), 2);
 * ```
 */
export function mae(options: ClosenessOptions = {}): Metric {
  return {
    name: "MAE",
    about:
      "mean absolute error against float32's outputs, in their own unit; of several the largest",
    needs: "outputs of numbers; a limit, as only you know their unit",
    unit: "",
    higherIsBetter: false,
    share: false,
    perfect: 0,
    score(sample) {
      return Math.max(
        ...outputPairs(sample, options).map(({ name, ours, theirs }) => {
          if (!sameShape(ours, theirs)) {
            throw new Error(
              `output "${name}" has another shape than float32's; try --metric aligned-sqnr`,
            );
          }
          return meanError(toNumbers(theirs), toNumbers(ours));
        }),
      );
    },
  };
}

function meanError(xs: ArrayLike<number>, ys: ArrayLike<number>): number {
  let [sum, count] = [0, 0];
  for (let i = 0; i < xs.length; i++) {
    if (xs[i] === ys[i] && !Number.isFinite(xs[i])) continue;
    sum += Math.abs(xs[i]! - ys[i]!);
    count++;
  }
  return count === 0 ? 0 : sum / count;
}
