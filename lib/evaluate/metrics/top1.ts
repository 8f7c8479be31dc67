import { labelledClasses } from "../classes.ts";
import type { ClassOptions, Metric } from "../metric.ts";

/**
 * Share of samples whose class is the label; with a label for each position, the share of positions, averaged
 * over samples. Where the output is the class itself (an integer),
 * it is compared with the label as it is.
 *
 * @example The label is the first of the largest scores
 * ```ts
 * import { float32Tensor, top1 } from "octavo";
 * import assert from "node:assert/strict";
 * const outputs = { y: float32Tensor([1, 3], [0.1, 0.7, 0.2]) };
 * assert.equal(top1().score({ outputs, reference: outputs, label: 1, index: 0 }), 1);
 * ```
 * @category Measuring
 */
export function top1(options: ClassOptions = {}): Metric {
  return {
    name: "top-1",
    about:
      "share of samples (or of their positions with a label) whose label has the largest score",
    needs: "labels; an output with a score for each class, or the class itself",
    unit: "%",
    digits: 1, // a tenth of a point is what 500 to 2,000 samples resolve
    higherIsBetter: true,
    share: true,
    usesLabels: true,
    decidedBy: options,
    score(sample) {
      const classes = labelledClasses(sample, options.output);
      return classes.filter(({ id, label }) => id === label).length / classes.length;
    },
  };
}
