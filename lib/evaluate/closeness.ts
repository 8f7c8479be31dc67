import { MAX_SQNR } from "../record/metric_info.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { isFloat, toNumbers } from "./classes.ts";

/** Sums over values x of the reference and y of the candidate, from which both measures follow. */
export interface Sums {
  /** Of x^2. */
  signal: number;
  /** Of (x - y)^2. */
  noise: number;
  /** Of x y. */
  product: number;
  /** Of y^2. */
  energy: number;
}

/** Sums over no values. */
export function noSums(): Sums {
  return { signal: 0, noise: 0, product: 0, energy: 0 };
}

/** Adds the values of one output to the sums. Both tensors have the same shape. */
export function addSums(sums: Sums, reference: Tensor, candidate: Tensor): void {
  const xs = toNumbers(reference);
  const ys = toNumbers(candidate);
  let { signal, noise, product, energy } = sums;
  for (let i = 0; i < xs.length; i++) {
    const x = xs[i]!;
    const y = ys[i]!;
    signal += x * x;
    noise += (x - y) * (x - y);
    product += x * y;
    energy += y * y;
  }
  Object.assign(sums, { signal, noise, product, energy });
}

/**
 * Signal to quantization-noise ratio, 10 log10(sum x^2 / sum (x - y)^2), in dB within
 * ±{@linkcode MAX_SQNR}; the upper end where all values are equal.
 */
export function sqnrOf({ signal, noise }: Sums): number {
  if (noise === 0) return MAX_SQNR;
  return Math.min(MAX_SQNR, Math.max(-MAX_SQNR, 10 * Math.log10(signal / noise)));
}

/** Cosine of the angle between both; two zero vectors count as parallel, one as orthogonal. */
export function cosineOf({ signal, energy, product }: Sums): number {
  if (signal === 0 || energy === 0) return signal === energy ? 1 : 0;
  // Rounding can carry the quotient of equal vectors past 1.
  return Math.min(1, Math.max(-1, product / Math.sqrt(signal * energy)));
}

/** Outputs whose values can be compared: the float ones, or all but texts if there are none. */
export function comparable(outputs: Readonly<Record<string, Tensor>>): string[] {
  const names = Object.keys(outputs);
  const floats = names.filter((name) => isFloat(outputs[name]!.type));
  return floats.length > 0 ? floats : names.filter((name) => outputs[name]!.type !== "string");
}

/** Whether two tensors can be compared value by value. */
export function sameShape(a: Tensor, b: Tensor): boolean {
  return a.dims.length === b.dims.length && a.dims.every((dim, axis) => dim === b.dims[axis]);
}
