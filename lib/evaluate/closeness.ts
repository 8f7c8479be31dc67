import type { Tensor } from "../tensor/tensor.ts";
import { isFloat, toNumbers } from "./classes.ts";

/**
 * Where the signal-to-noise scale ends, in dB: float32 itself resolves 2^-24, which is 144 dB, so
 * what is closer counts as equal.
 */
export const MAX_SQNR = 150;

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

/** Noise below this share of the signal's power, 150 dB, is float32's own. */
export const LEAST_NOISE = 1e-15;

/**
 * Noise power of an output as a share of its signal's power: the geometric mean over samples, so that
 * what is added up in it is what an SQNR in dB, averaged over samples, is made of.
 *
 * @param reference The output of each sample in float32.
 * @param changed The same after a change; undefined where it cannot have changed.
 * @returns 0 if nothing changed in any sample.
 */
export function noiseAt(
  reference: readonly Tensor[],
  changed: readonly (Tensor | undefined)[],
): number {
  return meanNoise(reference.map((expected, s) => {
    const own = changed[s];
    return own ? relativeNoise(expected, own) : 0;
  }));
}

/**
 * The geometric mean of the noise in some samples, that of none counting as {@linkcode LEAST_NOISE}; 0 if
 * there is none in any.
 */
export function meanNoise(shares: readonly number[]): number {
  if (shares.every((share) => share === 0)) return 0;
  const logs = shares.reduce((sum, share) => sum + Math.log(Math.max(share, LEAST_NOISE)), 0);
  return Math.exp(logs / shares.length);
}

/**
 * Noise power of one output as a share of its signal's power: 1 where there is noise and no signal, NaN
 * where the shapes differ or a value is not a number.
 */
export function relativeNoise(reference: Tensor, changed: Tensor): number {
  if (!sameShape(reference, changed)) return NaN;
  const [{ data: xs }, { data: ys }] = [reference, changed];
  let signal = 0;
  let noise = 0;
  for (let i = 0; i < xs.length; i++) {
    const x = Number(xs[i]);
    signal += x * x;
    noise += (x - Number(ys[i])) ** 2;
  }
  if (noise === 0) return 0;
  if (Number.isNaN(noise) || Number.isNaN(signal)) return NaN;
  return signal > 0 ? Math.min(noise / signal, 1 / LEAST_NOISE) : 1;
}
