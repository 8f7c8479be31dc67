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

/**
 * Adds the values of one output to the sums. Both tensors have the same shape.
 *
 * Where both hold the same infinity, as masks put -Infinity into logits, they agree, and nothing is
 * added. Where only one is finite, or both are infinite but not alike, the noise becomes Infinity: no
 * number of good values makes up for a token that must not be chosen and now can be.
 */
export function addSums(sums: Sums, reference: Tensor, candidate: Tensor): void {
  const xs = toNumbers(reference);
  const ys = toNumbers(candidate);
  let { signal, noise, product, energy } = sums;
  for (let i = 0; i < xs.length; i++) {
    const x = xs[i]!;
    const y = ys[i]!;
    const error = x - y;
    if (Number.isFinite(error)) {
      signal += x * x;
      noise += error * error;
      product += x * y;
      energy += y * y;
    } else if (x !== y) noise += Number.isNaN(error) ? NaN : Infinity;
  }
  Object.assign(sums, { signal, noise, product, energy });
}

/**
 * Signal to quantization-noise ratio, 10 log10(sum x^2 / sum (x - y)^2), in dB within
 * ±{@linkcode MAX_SQNR}; the upper end where all values are equal, the lower one where a value is
 * finite in one of both only.
 */
export function sqnrOf({ signal, noise }: Sums): number {
  if (noise === 0) return MAX_SQNR;
  return Math.min(MAX_SQNR, Math.max(-MAX_SQNR, 10 * Math.log10(signal / noise)));
}

/**
 * Cosine of the angle between both; two zero vectors count as parallel, one as orthogonal, and so do
 * vectors of which a value is finite in one only.
 */
export function cosineOf({ signal, energy, product, noise }: Sums): number {
  if (noise === Infinity) return 0;
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

/** Noise below this share of the signal's power is float32's own: {@linkcode MAX_SQNR} as a share. */
export const LEAST_NOISE = 10 ** (-MAX_SQNR / 10);

/**
 * Power of the noise as a share of the signal's: what {@linkcode sqnrOf} is the logarithm of. 0 where
 * all values are equal; 1 where the reference is nothing but zeros, and the candidate is not.
 *
 * @example Each value is off by a tenth
 * ```ts
 * import { addSums, noiseShare, noSums } from "./closeness.ts";
 * import { float32 } from "../tensor/tensor.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * const sums = noSums();
 * addSums(sums, float32([2], [10, -20]), float32([2], [11, -22]));
 * assertAlmostEquals(noiseShare(sums), 0.01);
 * ```
 */
export function noiseShare({ signal, noise }: Pick<Sums, "signal" | "noise">): number {
  if (noise === 0) return 0;
  return signal > 0 ? Math.min(noise / signal, 1 / LEAST_NOISE) : 1;
}

/**
 * {@linkcode noiseShare} of one output; NaN where the shapes differ or a value is not a number.
 */
export function relativeNoise(reference: Tensor, changed: Tensor): number {
  if (!sameShape(reference, changed)) return NaN;
  const sums = noSums();
  addSums(sums, reference, changed);
  return Number.isNaN(sums.signal + sums.noise) ? NaN : noiseShare(sums);
}

/**
 * The geometric mean of the noise shares of some samples, so that what adds up in it is what an SQNR in
 * dB, averaged over samples, is made of. A sample without noise counts as {@linkcode LEAST_NOISE}.
 *
 * @returns 0 if there is no noise in any sample.
 */
export function meanNoise(shares: readonly number[]): number {
  if (shares.every((share) => share === 0)) return 0;
  const logs = shares.map((share) => Math.log(Math.max(share, LEAST_NOISE)));
  return Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
}

/** A share of noise in dB of signal over noise, {@linkcode MAX_SQNR} at most. */
export function decibelsOf(share: number): number {
  return -10 * Math.log10(Math.max(share, LEAST_NOISE));
}
