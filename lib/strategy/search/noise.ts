import { LEAST_NOISE } from "../../evaluate/closeness.ts";

export { LEAST_NOISE };

/** A share of noise in dB of signal over noise. */
export function decibels(noise: number): number {
  return -10 * Math.log10(Math.max(noise, LEAST_NOISE));
}
