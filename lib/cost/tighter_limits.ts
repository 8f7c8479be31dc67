import type { Choice, Limit, PlacementProblem } from "./placement.ts";

/** The share of a limit that is planned with where what was built turned out to be above it. */
export const TIGHTER = 0.75;

/**
 * The limits of a problem, tighter: estimates of what it takes to open a network are off by as much. What the
 * network takes as it is, with the first choice of each kernel, is within them all the same.
 */
export function tighterLimits<C extends Choice>(
  { kernels, limits = [] }: PlacementProblem<C>,
): Limit[] {
  return limits.map((limit, l) => {
    const asIs = kernels.reduce((sum, { choices: [first] }) => sum + (first?.takes?.[l] ?? 0), 0);
    return { ...limit, most: Math.max(asIs, TIGHTER * limit.most) };
  });
}
