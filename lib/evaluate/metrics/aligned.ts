import { MAX_SQNR } from "../../record/metric_info.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { toNumbers } from "../classes.ts";
import { sqnrOf } from "../closeness.ts";
import type { ClosenessOptions, Metric } from "../metric.ts";
import { outputPairs } from "../worst_output.ts";
import { LEAST_SQNR } from "./sqnr.ts";

/** Pairs of values that are looked at, at most: about a second's work. */
const MOST_PAIRS = 2e8;

/** Positions by which the best way may stray, beside the difference in length. */
const SLACK = 64;

/**
 * Signal to noise of outputs whose length depends on the data (a wave whose durations the network chooses,
 * a list of findings), in dB. Positions along the axis that differs are laid side by side in the order that
 * leaves the least noise; one that only one network has counts as noise with all its power. Where all
 * lengths are equal, the longest axis is the one. Outputs that are empty in both are left out; of several
 * the worst counts.
 *
 * @example A value more is as much noise as it is loud
 * ```ts
 * import { aligned } from "./aligned.ts";
 * import { float32 } from "../../tensor/tensor.ts";
 * import assert from "node:assert/strict";
 * const reference = { y: float32([1, 3], [10, 10, 10]) };
 * const outputs = { y: float32([1, 4], [10, 3, 10, 10]) };
 * const score = aligned().score({ outputs, reference, index: 0 });
 * assert.equal(score!.toFixed(2), (10 * Math.log10(300 / 9)).toFixed(2));
 * ```
 */
export function aligned(options: ClosenessOptions = {}): Metric {
  return {
    name: "aligned SQNR",
    about:
      "signal to noise against float32's outputs, laid side by side where they differ in length",
    needs: "outputs of numbers; their length may depend on the data",
    unit: "dB",
    digits: 1,
    higherIsBetter: true,
    share: false,
    perfect: MAX_SQNR,
    maxDrop: MAX_SQNR - LEAST_SQNR,
    resolution: 1,
    isMatched: true,
    score(sample) {
      const scores = outputPairs(sample, options)
        .filter(({ ours, theirs }) => ours.data.length + theirs.data.length > 0)
        .map(({ name, ours, theirs }) => alignedSqnr(theirs, ours, name));
      return scores.length === 0 ? undefined : Math.min(...scores);
    },
  };
}

function alignedSqnr(reference: Tensor, candidate: Tensor, name: string): number {
  const differ = reference.dims.map((dim, axis) => dim === candidate.dims[axis] ? -1 : axis)
    .filter((axis) => axis >= 0);
  if (reference.dims.length !== candidate.dims.length || differ.length > 1) {
    throw new Error(
      `output "${name}" is of shape [${candidate.dims.join(", ")}], but float32's of ` +
        `[${
          reference.dims.join(", ")
        }]: only one axis may differ; score it with a metric of your own`,
    );
  }
  const axis = differ[0] ?? reference.dims.indexOf(Math.max(...reference.dims));
  const [theirs, ours] = [alongAxis(reference, axis), alongAxis(candidate, axis)];
  const signal = theirs.values.reduce((sum, x) => sum + x * x, 0);
  return sqnrOf({ signal, noise: leastNoise(theirs, ours), product: 0, energy: 0 });
}

/** Values with those of one position of an axis side by side. */
interface Rows {
  readonly values: Float64Array;
  /** Values of a position. */
  readonly width: number;
}

/** Infinities, as masks have them, count as nothing: they have no power. */
function alongAxis(tensor: Tensor, axis: number): Rows {
  const { dims } = tensor;
  const values = toNumbers(tensor);
  const count = dims[axis] ?? 1;
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const width = count === 0 ? 1 : values.length / count;
  const rows = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const position = Math.floor(i / inner) % count;
    const outer = Math.floor(i / (inner * count));
    rows[position * width + outer * inner + i % inner] = Number.isFinite(values[i])
      ? values[i]!
      : 0;
  }
  return { values: rows, width };
}

/**
 * The least noise of all ways to lay two lists side by side in order, by dynamic programming over a band.
 * Long lists are taken several positions at a time.
 */
function leastNoise(a: Rows, b: Rows): number {
  const width = Math.max(a.width, b.width);
  const lengths = [a.values.length / width, b.values.length / width] as const;
  const pairs = (step: number) =>
    Math.max(...lengths) / step * (Math.abs(lengths[0] - lengths[1]) + 2 * SLACK) * width;
  const step = Math.max(1, Math.ceil(pairs(1) / MOST_PAIRS));
  const size = step * width;
  const [n, m] = lengths.map((length) => Math.ceil(length / step)) as [number, number];
  const band = Math.abs(n - m) + SLACK;
  const power = ({ values }: Rows, row: number) => distance(values, row * size, [], 0, size);
  // `least[j]`: the least noise of the rows of `a` so far beside the first j rows of `b`.
  let least = new Float64Array(m + 1).fill(Infinity);
  least[0] = 0;
  for (let j = 1; j <= Math.min(m, band); j++) least[j] = least[j - 1]! + power(b, j - 1);
  const extra = Float64Array.from({ length: m }, (_, j) => power(b, j));
  for (let i = 1; i <= n; i++) {
    const next = new Float64Array(m + 1).fill(Infinity);
    const lost = power(a, i - 1);
    const [from, to] = [Math.max(0, i - band), Math.min(m, i + band)];
    for (let j = from; j <= to; j++) {
      let best = least[j]! + lost;
      if (j > 0) {
        best = Math.min(best, next[j - 1]! + extra[j - 1]!);
        if (least[j - 1]! < best) {
          const apart = distance(a.values, (i - 1) * size, b.values, (j - 1) * size, size);
          best = Math.min(best, least[j - 1]! + apart);
        }
      }
      next[j] = best;
    }
    least = next;
  }
  return least[m]!;
}

/** Sum of squares of the differences; what is beyond the end of a list is 0. */
function distance(
  a: ArrayLike<number>,
  i: number,
  b: ArrayLike<number>,
  j: number,
  size: number,
): number {
  let sum = 0;
  for (let k = 0; k < size; k++) {
    const apart = (a[i + k] ?? 0) - (b[j + k] ?? 0);
    sum += apart * apart;
  }
  return sum;
}
