import type { Assignment } from "./assignment.ts";
import { dropOfNoise, noiseOfDrop, type Response } from "./noise_to_drop.ts";

/**
 * Most that correcting the biases was seen to take from the noise of a network, as a factor of its power:
 * 7.4 dB, of one whose few wide convolutions all shift the brightness of a picture.
 */
const MOST_MENDED = 10 ** 0.75;

/**
 * An assignment that misses the budget, with the means of its channels corrected; undefined where that
 * cannot be enough, or has been done.
 *
 * @param drop What it loses as it is.
 * @see {@linkcode correctBias}
 */
export function withBiasCorrection(
  assignment: Assignment,
  drop: number,
  maxDrop: number,
  response: Response,
): Assignment | undefined {
  const { forms, corrections } = assignment;
  if (corrections || !Object.values(forms).includes("static") || drop <= maxDrop) return undefined;
  const least = dropOfNoise(response, noiseOfDrop(response, drop) / MOST_MENDED);
  return least <= maxDrop ? { ...assignment, corrections: ["bias"] } : undefined;
}
