import { type Classes, readClasses } from "../classes.ts";
import type { ClassOptions, Metric } from "../metric.ts";

/**
 * Share of samples whose class is the one that the float32 network chose; for outputs of several
 * positions, the share of positions, averaged over samples. It needs no labels.
 *
 * @example Another class than float32's
 * ```ts
 * import { agreement, float32Tensor } from "octavo";
 * import assert from "node:assert/strict";
 * const [outputs, reference] = [{ y: float32Tensor([1, 2], [1, 0]) }, { y: float32Tensor([1, 2], [0, 1]) }];
 * assert.equal(agreement().score({ outputs, reference, index: 0 }), 0);
 * ```
 * @category Measuring
 */
export function agreement(options: ClassOptions = {}): Metric {
  return {
    name: "agreement",
    about: "share of samples (or of their positions) with the class that float32 chose",
    needs: "an output with a score for each class, or the class itself",
    unit: "%",
    digits: 1,
    higherIsBetter: true,
    share: true,
    perfect: 100,
    ...(options.axis === undefined && { decidedBy: options }),
    score({ outputs, reference }) {
      const ours = readClasses(outputs, options.output, options.axis);
      const theirs = readClasses(reference, options.output, options.axis);
      requireEqualLength(ours, theirs);
      let equal = 0;
      for (let i = 0; i < ours.ids.length; i++) if (ours.ids[i] === theirs.ids[i]) equal++;
      return ours.ids.length === 0 ? undefined : equal / ours.ids.length;
    },
  };
}

function requireEqualLength(ours: Classes, theirs: Classes): void {
  if (ours.ids.length === theirs.ids.length) return;
  throw new Error(
    `output "${ours.output}" has ${ours.ids.length} positions, but float32's ` +
      `${theirs.ids.length}; score it with a metric of your own`,
  );
}
