import { argmaxAlong, isFloat, toNumbers } from "../classes.ts";
import { sameShape } from "../closeness.ts";
import type { ClassOptions, Metric, Pooled } from "../metric.ts";
import { meanShare } from "./f1.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/**
 * Overlap of the areas that a network marks with those that float32 marks: for each class intersection
 * over union, over all samples, and of that the mean over the classes that occur.
 *
 * A map [1, classes, height, width] gives the class of the largest score at each position; one of a single
 * channel marks what is above 0.5 where all of float32's values are within 0..1, else above 0; a map of
 * integers holds the classes themselves.
 *
 * @example One of two marked positions is lost
 * ```ts
 * import { iou } from "./iou.ts";
 * import { float32 } from "../../tensor/tensor.ts";
 * import assert from "node:assert/strict";
 * const map = (...values: number[]) => ({ mask: float32([1, 1, 1, 3], values) });
 * const [outputs, reference] = [map(0.9, 0.4, 0.1), map(0.9, 0.6, 0.1)];
 * assert.equal(iou().score({ outputs, reference, index: 0 }), 50);
 * ```
 */
export function iou(options: ClassOptions = {}): Metric {
  const pooled: Pooled = {
    tally({ outputs, reference }) {
      const name = options.output ?? mapOf(reference);
      const [ours, theirs] = [outputs[name], reference[name]];
      if (!ours || !theirs) throw new Error(`there is no output "${name}"`);
      if (!sameShape(ours, theirs)) {
        throw new Error(`output "${name}" has another shape than float32's`);
      }
      const threshold = thresholdOf(theirs);
      return overlaps(areasOf(ours, threshold), areasOf(theirs, threshold));
    },
    value: (sums) => meanShare(sums),
  };
  return {
    name: "IoU",
    about: "overlap of the marked areas with float32's: mean over the classes",
    needs: "a map: [N, classes, height, width], one channel of it, or the classes as integers",
    unit: "%",
    digits: 1,
    higherIsBetter: true,
    share: false,
    perfect: 100,
    maxDrop: 1,
    pooled,
    score(sample) {
      const value = pooled.value(pooled.tally(sample));
      return Number.isNaN(value) ? 100 : value; // neither marks anything
    },
  };
}

function mapOf(outputs: Readonly<Record<string, Tensor>>): string {
  const maps = Object.entries(outputs)
    .filter(([, { type, dims }]) => type !== "string" && dims.length >= 3);
  const [found] = maps.find(([name]) => /mask|seg|map/i.test(name)) ?? maps[0] ?? [];
  if (found !== undefined) return found;
  throw new Error("there is no map among the outputs: one has three axes or more");
}

/** Above which a map of one channel marks a position. */
function thresholdOf({ type, data }: Tensor): number {
  if (!isFloat(type)) return 0;
  return (data as Float32Array).every((value) => value >= 0 && value <= 1) ? 0.5 : 0;
}

/** Class of each position; 0 is what a map of one channel does not mark, and does not count. */
function areasOf(map: Tensor, threshold: number): { ids: ArrayLike<number>; single: boolean } {
  const values = toNumbers(map);
  if (!isFloat(map.type)) return { ids: values, single: map.type === "bool" };
  const classes = map.dims.length >= 4 ? map.dims[1]! : 1;
  if (classes > 1) return { ids: argmaxAlong(map, 1), single: false };
  return {
    ids: Int32Array.from({ length: values.length }, (_, i) => values[i]! > threshold ? 1 : 0),
    single: true,
  };
}

/** Of each class, where both have it and where one has it. */
function overlaps(ours: ReturnType<typeof areasOf>, theirs: ReturnType<typeof areasOf>): number[] {
  const sums: number[] = [];
  const add = (id: number, both: number) => {
    while (sums.length < 2 * id + 2) sums.push(0);
    sums[2 * id]! += both;
    sums[2 * id + 1]!++;
  };
  for (let i = 0; i < ours.ids.length; i++) {
    const [a, b] = [ours.ids[i]!, theirs.ids[i]!];
    if (a === b) {
      if (!(a === 0 && ours.single)) add(a, 1);
    } else for (const id of [a, b]) if (!(id === 0 && ours.single)) add(id, 0);
  }
  return sums;
}
