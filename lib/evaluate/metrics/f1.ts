import { labelledClasses } from "../classes.ts";
import type { ClassOptions, Metric, Pooled } from "../metric.ts";

/**
 * F1 of the classes against the labels: for each class 2 TP / (2 TP + FP + FN) over all samples, and of
 * that the mean over the classes that occur ("macro"), so that a rare class counts as much as a common one.
 *
 * @example One sample of class 0 taken for class 1: F1 of class 0 is 0, and no other class was right
 * ```ts
 * import { f1 } from "./f1.ts";
 * import { float32 } from "../../tensor/tensor.ts";
 * import assert from "node:assert/strict";
 * const outputs = { y: float32([1, 2], [0, 1]) };
 * assert.equal(f1().score({ outputs, reference: outputs, label: 1, index: 0 }), 100);
 * assert.equal(f1().score({ outputs, reference: outputs, label: 0, index: 0 }), 0);
 * ```
 */
export function f1(options: ClassOptions = {}): Metric {
  // Of each class: samples of it that were found (twice), and found or missed.
  const pooled: Pooled = {
    tally(sample) {
      const classes = labelledClasses(sample, options.output);
      const most = classes.reduce((most, { label, id }) => Math.max(most, label, id), -1);
      const sums = Array<number>(2 * (most + 1)).fill(0);
      for (const { label, id } of classes) {
        for (const one of [label, id]) sums[2 * one + 1]!++;
        if (label === id) sums[2 * label]! += 2;
      }
      return sums;
    },
    value: (sums) => meanShare(sums),
  };
  return {
    name: "F1",
    about: "mean over the classes of F1 against the labels (macro)",
    needs: "labels; an output with a score for each class, or the class itself",
    unit: "%",
    digits: 1,
    higherIsBetter: true,
    share: false,
    maxDrop: 0.5,
    usesLabels: true,
    pooled,
    score: (sample) => pooled.value(pooled.tally(sample)),
  };
}

/**
 * The mean, in per cent, of shares of which the sums hold the parts: at 2 i the numerator, at 2 i + 1 the
 * denominator. One with nothing below the line does not occur, and does not count; NaN if none does.
 */
export function meanShare(sums: readonly number[]): number {
  let [sum, count] = [0, 0];
  for (let i = 0; i + 1 < sums.length; i += 2) {
    if (!(sums[i + 1]! > 0)) continue;
    sum += sums[i]! / sums[i + 1]!;
    count++;
  }
  return count === 0 ? NaN : 100 * sum / count;
}
