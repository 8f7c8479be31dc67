import { argmaxAlong, isFloat, toNumbers } from "../classes.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Metric, Pooled } from "../metric.ts";
import { meanShare } from "./f1.ts";

/** Overlap from which two boxes are one, as PASCAL VOC and COCO's AP50 have it. */
const SAME_BOX = 0.5;

/** Corners of a box, and the class of what is in it. */
interface Detection {
  readonly corners: readonly [left: number, top: number, right: number, bottom: number];
  readonly kind: number;
}

/**
 * F1 of the boxes against float32's: 2 TP / (2 TP + FP + FN) over all samples, where a box is right if a box
 * of float32 of the same class overlaps it by half or more (intersection over union). Their order and number
 * do not matter, so it suits what NonMaxSuppression or TopK leave. A sample without a box in both is left out.
 *
 * Boxes are an output [..., n, 4], as corners, or as centre and size where they cannot be corners; their
 * classes another one of n integers or n rows of scores. Or one output [..., n, 5 to 7] holds all, as YOLO's
 * end-to-end exports do: box, score, class; of 7 columns the first is the number of the picture, and the class
 * stands before the score.
 *
 * @example One box is found, one is lost
 * ```ts
 * import { detectionF1 } from "./detection_f1.ts";
 * import { float32 } from "../../tensor/tensor.ts";
 * import assert from "node:assert/strict";
 * const reference = { boxes: float32([2, 4], [0, 0, 2, 2, 5, 5, 7, 7]) };
 * const outputs = { boxes: float32([1, 4], [5, 5, 7, 7.5]) };
 * assert.equal(detectionF1().score({ outputs, reference, index: 0 })!.toFixed(2), "66.67");
 * ```
 */
export function detectionF1(): Metric {
  const pooled: Pooled = {
    tally({ outputs, reference }) {
      const isCentred = !readBoxes(reference, false).every((
        { corners: [left, top, right, bottom] },
      ) => left <= right && top <= bottom);
      const theirs = readBoxes(reference, isCentred);
      const ours = readBoxes(outputs, isCentred);
      return [2 * matches(ours, theirs), ours.length + theirs.length];
    },
    value: (sums) => meanShare(sums),
  };
  return {
    name: "detection F1",
    about: "F1 of the boxes against float32's: same class, overlapping by half; in any order",
    needs: "an output of boxes [n, 4], and of their classes, or both in one [n, 6]",
    unit: "%",
    digits: 1,
    higherIsBetter: true,
    share: false,
    perfect: 100,
    maxDrop: 1,
    isMatched: true,
    pooled,
    score(sample) {
      const value = pooled.value(pooled.tally(sample));
      return Number.isNaN(value) ? undefined : value; // no box in either
    },
  };
}

/** Output of boxes, and the width of its rows; undefined where there is none. */
export function boxOutput(
  outputs: Readonly<Record<string, { readonly type: string; readonly dims: readonly unknown[] }>>,
): { readonly name: string; readonly width: number } | undefined {
  const found = Object.entries(outputs).flatMap(([name, { type, dims }]) => {
    const width = dims.length >= 2 && dims.length <= 3 ? dims.at(-1) : 0;
    const isNamed = /box|det|output0/i.test(name);
    const isBox = width === 4 || isNamed && (width === 5 || width === 6 || width === 7);
    return /float/.test(type) && isBox ? [{ name, width: width as number, isNamed }] : [];
  });
  return found.find(({ isNamed }) => isNamed) ?? found[0];
}

function readBoxes(
  outputs: Readonly<Record<string, Tensor>>,
  isCentred: boolean,
): Detection[] {
  const found = boxOutput(outputs);
  if (!found) throw new Error("no output holds boxes, [n, 4] or [n, 6]");
  const { name, width } = found;
  const values = toNumbers(outputs[name]!);
  const count = values.length / width;
  const kinds = width === 4 ? kindsOf(outputs, name, count) : undefined;
  const detections = Array.from({ length: count }, (_, row): Detection => {
    const start = row * width + (width === 7 ? 1 : 0);
    const at = (i: number) => values[start + i]!;
    const [a, b, c, d] = [at(0), at(1), at(2), at(3)];
    const kind = kinds?.[row] ?? (width >= 6 ? values[row * width + 5]! : 0);
    const corners: Detection["corners"] = isCentred
      ? [a - c / 2, b - d / 2, a + c / 2, b + d / 2]
      : [a, b, c, d];
    return { corners, kind };
  });
  return detections.filter(({ corners: [left, top, right, bottom] }) =>
    left !== right || top !== bottom // what fills up a list of fixed length
  );
}

/** The class of each box: integers, or the largest of each row of scores. */
function kindsOf(
  outputs: Readonly<Record<string, Tensor>>,
  boxes: string,
  count: number,
): ArrayLike<number> | undefined {
  const others = Object.entries(outputs).filter(([name]) => name !== boxes).map(([, value]) =>
    value
  );
  const integers = others.find(({ type, data }) => /int/.test(type) && data.length === count);
  if (integers) return toNumbers(integers);
  const scores = others.find(({ type, dims }) =>
    isFloat(type) && dims.at(-2) === count && dims.at(-1)! > 1
  );
  return scores && argmaxAlong(scores, -1);
}

/** Pairs of boxes that are one, the most alike first. */
function matches(ours: readonly Detection[], theirs: readonly Detection[]): number {
  const pairs = ours.flatMap((a, i) =>
    theirs.flatMap((b, j) => {
      const overlap = a.kind === b.kind ? overlapOf(a.corners, b.corners) : 0;
      return overlap >= SAME_BOX ? [{ i, j, overlap }] : [];
    })
  ).sort((a, b) => b.overlap - a.overlap);
  const [taken, found] = [new Set<number>(), new Set<number>()];
  for (const { i, j } of pairs) {
    if (taken.has(i) || found.has(j)) continue;
    taken.add(i);
    found.add(j);
  }
  return taken.size;
}

/** Intersection over union, whichever corners are given. */
function overlapOf(a: Detection["corners"], b: Detection["corners"]): number {
  const length = (axis: 0 | 1) => {
    const [p, q, r, s] = [a[axis], a[axis + 2]!, b[axis], b[axis + 2]!];
    const common = Math.min(Math.max(p, q), Math.max(r, s)) -
      Math.max(Math.min(p, q), Math.min(r, s));
    return Math.max(0, common);
  };
  const area = (box: Detection["corners"]) => Math.abs((box[2] - box[0]) * (box[3] - box[1]));
  const both = length(0) * length(1);
  return both === 0 ? 0 : both / (area(a) + area(b) - both);
}
