import type { Recipe } from "../record/recipe.ts";
import type { Trial } from "../record/trial_record.ts";
import type { Strategy } from "./strategy.ts";

/**
 * A trial to build and measure.
 * @category Studies (advanced)
 */
export interface TrialAsk {
  /** What its model is made by. */
  readonly recipe: Recipe;
  /** Why it is tried, in a few words. */
  readonly why?: string;
  /** What is predicted of it. */
  readonly predicted?: Trial["predicted"];
}

/** Says which trials to measure, and is told each as it was measured, or failed. */
export type TrialStrategy = Strategy<TrialAsk, Trial>;
