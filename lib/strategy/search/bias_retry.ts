import { isWithin } from "../../record/budget.ts";
import type { Assignment } from "../../record/recipe.ts";
import { dropOfNoise, type NoiseCurve, noiseOfDrop } from "./noise_to_drop.ts";

/**
 * Most that bias correction was seen to take from the noise of a network, as a factor of its power:
 * 7.4 dB, of one whose few wide convolutions all shift the brightness of a picture.
 */
const MOST_REMOVED = 10 ** 0.75;

/**
 * A recipe that misses the budget, to be tried again with bias correction; undefined where that cannot
 * be enough, where nothing is static, or where it has been done already.
 *
 * @param drop What it loses as it is.
 * @param maxDrop Largest accepted drop, in the same unit.
 * @see {@linkcode correctBias}
 */
export function withBiasCorrection(
  recipe: Assignment,
  drop: number,
  maxDrop: number,
  curve: NoiseCurve,
): Assignment | undefined {
  const { forms, corrections = [] } = recipe;
  const isStatic = Object.values(forms).some(({ kind }) => kind === "static");
  if (corrections.length > 0 || !isStatic || isWithin({ maxDrop }, drop)) return undefined;
  const least = dropOfNoise(curve, noiseOfDrop(curve, drop) / MOST_REMOVED);
  return isWithin({ maxDrop }, least) ? { ...recipe, corrections: ["bias"] } : undefined;
}
