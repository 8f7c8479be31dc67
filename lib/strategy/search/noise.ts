import type { Tensor } from "../../tensor/tensor.ts";

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
  let logs = 0;
  let any = false;
  reference.forEach((expected, s) => {
    const own = changed[s];
    const share = own ? relativeNoise(expected, own) : 0;
    any ||= share > 0;
    logs += Math.log(Math.max(share, LEAST_NOISE));
  });
  return any ? Math.exp(logs / reference.length) : 0;
}

function relativeNoise({ data: xs }: Tensor, { data: ys }: Tensor): number {
  let signal = 0;
  let noise = 0;
  for (let i = 0; i < xs.length; i++) {
    const x = Number(xs[i]);
    signal += x * x;
    noise += (x - Number(ys[i])) ** 2;
  }
  if (noise === 0) return 0;
  return signal > 0 ? Math.min(noise / signal, 1 / LEAST_NOISE) : 1;
}

/** A share of noise in dB of signal over noise. */
export function decibels(noise: number): number {
  return -10 * Math.log10(Math.max(noise, LEAST_NOISE));
}
