import { type LabelledClass, labelledClasses, toNumbers } from "../classes.ts";
import type { ClassOptions, Metric } from "../metric.ts";

/**
 * Share of samples (or of their positions with a label) whose label is among the five largest scores: of equal ones the first count.
 *
 * @example The label is third
 * ```ts
 * import { top5 } from "./top5.ts";
 * import { float32 } from "../../tensor/tensor.ts";
 * import assert from "node:assert/strict";
 * const outputs = { y: float32([1, 6], [6, 5, 4, 3, 2, 1]) };
 * assert.equal(top5().score({ outputs, reference: outputs, label: 2, index: 0 }), 1);
 * assert.equal(top5().score({ outputs, reference: outputs, label: 5, index: 0 }), 0);
 * ```
 */
export function top5(options: ClassOptions = {}): Metric {
  return {
    name: "top-5",
    about: "share of samples whose label is among the five largest scores",
    needs: "labels; an output with a score for each of more than 5 classes",
    unit: "%",
    digits: 1,
    higherIsBetter: true,
    share: true,
    usesLabels: true,
    score(sample) {
      const classes = labelledClasses(sample, options.output);
      const isNear = ({ output, count, position, label }: LabelledClass) => {
        if (count === Infinity) {
          throw new Error(`output "${output}" has to hold rows of scores; choose another metric`);
        }
        const scores = toNumbers(sample.outputs[output]!);
        const start = position * count;
        const own = scores[start + label]!;
        let before = 0;
        for (let i = 0; i < count; i++) {
          const other = scores[start + i]!;
          if (other > own || other === own && i < label) before++;
        }
        return before < 5;
      };
      return classes.filter(isNear).length / classes.length;
    },
  };
}
