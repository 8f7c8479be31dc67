import type { Calibration } from "../../calibrate/calibration.ts";
import { bestTrial, type Contest, sizeIn } from "../../record/best.ts";
import type { Objective } from "../../record/objective.ts";
import { isWithinBudget, worstCaseDrop } from "../../record/budget.ts";
import type { MetricInfo } from "../../record/metric_info.ts";
import type { Assignment, Recipe } from "../../record/recipe.ts";
import type { DecisionRow } from "../../record/search_record.ts";
import { isCostlyToOpen } from "../../record/load_ratios.ts";
import { isMeasured, type Trial } from "../../record/trial_record.ts";
import type { TrialAsk, TrialStrategy } from "../../study/trial_ask.ts";
import { withBiasCorrection } from "./bias_retry.ts";
import { explainDecisions } from "./explain.ts";
import { NextTrial, type Outcome, recipeKey, type Suggestion } from "./next_trial.ts";
import type { NoiseCurve } from "./noise_to_drop.ts";
import { type Proposal, recipeOf } from "./proposal.ts";
import { largest, type SearchSpace } from "./space.ts";

/** What a search looks through, measured before. */
export interface MeasuredSpaces {
  /** One for each exact form that is worth starting from, all with the objective of the search. */
  readonly spaces: readonly SearchSpace[];
  /** What noise at the outputs costs in the metric. */
  readonly curve: NoiseCurve;
  /** Number of outputs that the metric reads. */
  readonly outputs: number;
}

/** What a {@linkcode SearchStrategy} is made of. */
export interface SearchSetup {
  /** What trials are judged by, and the network as given, which they must be better than. */
  readonly budget: Contest;
  readonly objective: Objective;
  /**
   * What to try before all else, in order, until one of them keeps the budget. Called once.
   * @default {nothing}
   */
  readonly products?: () => Promise<readonly TrialAsk[]>;
  /** What to try then, in order, until something keeps the budget. */
  readonly first: readonly TrialAsk[];
  /**
   * The fastest mix of float32 kernels, tried before anything is measured that it does not need. Called
   * once, with the recipe of the first trials that keeps the budget. @default {none is tried}
   */
  readonly exact?: (kept: Assignment | undefined) => Promise<Proposal | undefined>;
  /** Measures the spaces. Called once, when the first trials have been measured. */
  readonly spaces: () => Promise<MeasuredSpaces>;
}

/** Trials that missed the budget and are tried again: each takes a pass over the calibration samples. */
const MOST_RETRIES = 4;

/**
 * Looks for the best mix of forms within a budget: an integer program says what to build, and what was
 * measured of that says how far the predictions were off. A trial that misses the budget but would be
 * the best is tried again with bias correction.
 *
 * It asks for one trial at a time, and knows of no clock: whoever runs it may stop after any of them.
 *
 * @example After the first trial there is nothing to look through
 * ```ts
 * import { SearchStrategy } from "./search_strategy.ts";
 * import type { Assignment } from "../../record/recipe.ts";
 * import assert from "node:assert/strict";
 * const metric = { name: "top-1", unit: "%", higherIsBetter: true, share: true };
 * const recipe: Assignment = {
 *   ...{ kind: "assignment", base: "fused", int8Tensors: [], observers: {} },
 *   forms: { conv1: { kind: "weightOnly" } },
 * };
 * const strategy = new SearchStrategy({
 *   budget: { metric, maxDrop: 1, model: { bytes: 1000 } },
 *   objective: "latency",
 *   first: [{ recipe, why: "weights stored in int8" }],
 *   spaces: () => Promise.resolve({ spaces: [], curve: { noise: [1], drop: [1] }, outputs: 1 }),
 * });
 * assert.deepEqual(await strategy.ask(), [{ recipe, why: "weights stored in int8" }]);
 * assert.deepEqual(await strategy.ask(), []);
 * assert.match(strategy.ended, /no other mix is predicted to keep the budget/);
 * ```
 */
export class SearchStrategy implements TrialStrategy {
  readonly #setup: SearchSetup;
  readonly #first: TrialAsk[];
  /** What is left of the int8 products that are tried before anything is timed. */
  #products: TrialAsk[] | undefined;
  /** Keys of those that were asked for. */
  readonly #tried = new Set<string>();
  readonly #trials = new Map<string, Trial>();
  /** What has been asked for, by the key of its recipe. */
  readonly #suggested = new Map<string, Suggestion>();
  readonly #proposals = new Map<string, Proposal>();
  #measured: (MeasuredSpaces & { readonly next: NextTrial }) | undefined;
  #retry: TrialAsk | undefined;
  #retries = 0;
  #triedExact = false;
  /** Whether something that it asked for takes more to open than is accepted. */
  #isCostly = false;
  #ended = "";

  constructor(setup: SearchSetup) {
    this.#setup = setup;
    this.#first = [...setup.first];
  }

  async ask(): Promise<readonly TrialAsk[]> {
    const products = await this.#nextProducts();
    if (products) return [products];
    const first = this.#kept.length > 0 ? undefined : this.#first.shift();
    if (first) return [first];
    const exact = await this.#fastestExact();
    if (exact) return [exact];
    const retry = this.#retry;
    this.#retry = undefined;
    if (retry) return [retry];
    const { next } = this.#measured ??= await this.#measure();
    const suggestion = await next.next();
    if (!suggestion) {
      this.#ended = this.#kept.length > 0
        ? "The search ended early: no other mix is predicted to beat the best one measured."
        : "The search ended early: no other mix is predicted to keep the budget.";
      return [];
    }
    return [this.#askFor(suggestion)];
  }

  tell({ recipe, predicted }: TrialAsk, trial: Trial): void {
    const key = recipeKey(recipe);
    this.#trials.set(key, trial);
    if (this.#proposals.has(key)) this.#isCostly ||= isCostlyToOpen(this.#setup.budget, trial);
    const suggestion = this.#suggested.get(key);
    if (!suggestion || !this.#measured) return; // one of the first, or a retry
    const { next, outputs } = this.#measured;
    const outcome = outcomeOf(trial, this.#setup.budget, outputs);
    next.tell(suggestion, outcome);
    const corrected = this.#corrected(suggestion.recipe, trial, outcome);
    if (!corrected) return;
    this.#retries++;
    this.#proposals.set(recipeKey(corrected), suggestion.proposal);
    this.#retry = { recipe: corrected, why: "the same with bias correction", predicted };
  }

  /** Noise measured over the sum of what single layers bring; undefined before it was measured. */
  get scale(): number | undefined {
    return this.#measured?.next.scale;
  }

  /** Why it asks no more, in a sentence; "" as long as it does. */
  get ended(): string {
    return this.#ended;
  }

  /** How far it has come: to weights stored small alone, or to int8 kernels. */
  get reach(): "small weights" | "int8" {
    return [...this.#suggested.keys(), ...this.#tried].some((key) => this.#trials.has(key))
      ? "int8"
      : "small weights";
  }

  /**
   * What each layer became in a trial, and why; empty where its forms were not chosen by measurement.
   *
   * @param recipe Of a trial that was asked for.
   * @param calibration Of the recipe's exact form: tells which tensors have outliers.
   */
  explain(recipe: Recipe, calibration?: Calibration): DecisionRow[] {
    const proposal = this.#proposals.get(recipeKey(recipe));
    if (!proposal) return [];
    // The fastest float32 mix is weighed before any noise is measured: it has none.
    const next = this.#measured?.next;
    return explainDecisions(proposal, {
      dropOf: (noise) => next?.dropOf(noise) ?? 0,
      limit: next?.limit ?? Infinity,
      calibration,
    });
  }

  async #measure(): Promise<MeasuredSpaces & { next: NextTrial }> {
    const measured = await this.#setup.spaces();
    const { maxDrop } = this.#setup.budget;
    const next = new NextTrial(measured.spaces, { maxDrop, curve: measured.curve });
    if (this.#isCostly) next.openSooner();
    return { ...measured, next };
  }

  async #nextProducts(): Promise<TrialAsk | undefined> {
    this.#products ??= [...await this.#setup.products?.() ?? []];
    const next = this.#kept.length > 0 ? undefined : this.#products.shift();
    if (next) this.#tried.add(recipeKey(next.recipe));
    return next;
  }

  async #fastestExact(): Promise<TrialAsk | undefined> {
    if (this.#triedExact) return undefined;
    this.#triedExact = true;
    const kept = this.#kept[0]?.recipe;
    const proposal = await this.#setup.exact?.(kept?.kind === "assignment" ? kept : undefined);
    if (!proposal) return undefined;
    const recipe = recipeOf(proposal);
    this.#proposals.set(recipeKey(recipe), proposal);
    return { recipe, why: "fastest float32 kernels" };
  }

  #askFor(suggestion: Suggestion): TrialAsk {
    const { proposal, recipe, why, drop } = suggestion;
    const key = recipeKey(recipe);
    this.#suggested.set(key, suggestion);
    this.#proposals.set(key, proposal);
    return { recipe, why, predicted: { ms: proposal.ms, noise: largest(proposal.noise), drop } };
  }

  /** What was measured and keeps the budget. */
  get #kept(): Trial[] {
    return [...this.#trials.values()]
      .filter((trial) => isMeasured(trial) && isWithinBudget(this.#setup.budget, trial));
  }

  /** The recipe with bias correction, if that may make it the best. */
  #corrected(recipe: Assignment, trial: Trial, { drop }: Outcome): Assignment | undefined {
    if (drop === undefined || this.#retries >= MOST_RETRIES || !this.#isAhead(trial)) {
      return undefined;
    }
    const { maxDrop } = this.#setup.budget;
    return withBiasCorrection(recipe, drop, maxDrop, this.#measured!.curve);
  }

  /** Whether a trial would be the best so far if it kept the budget. */
  #isAhead(trial: Trial): boolean {
    const { budget, objective } = this.#setup;
    const best = bestTrial(budget, [...this.#trials.values()], objective);
    if (!isMeasured(trial)) return false;
    if (!best || !isWithinBudget(budget, best)) return true;
    return objective !== "latency"
      ? sizeIn(objective, trial) < sizeIn(objective, best)
      : trial.latency.ratio.value < best.latency.ratio.low;
  }
}

/** What a trial teaches. */
function outcomeOf(trial: Trial, budget: Contest, outputs: number): Outcome {
  const { metric } = budget;
  const { accuracy, error } = trial;
  if (error !== undefined || !accuracy) return {};
  const dB = signalToNoise(trial, metric, outputs);
  return {
    drop: worstCaseDrop(metric, accuracy.difference),
    ...(isCostlyToOpen(budget, trial) && { isCostly: true }),
    ...(dB !== undefined && { noise: 10 ** (-dB / 10) }),
  };
}

/**
 * Signal over noise at the outputs, dB: the metric itself, at the end of the interval that it is judged
 * by, so that the limit on noise is one on that; or what was measured beside it, where that is of no
 * more than the one output that the metric reads.
 */
function signalToNoise(
  { accuracy, outputs }: Trial,
  metric: MetricInfo,
  count: number,
): number | undefined {
  if (metric.signalToNoise) return accuracy?.value.low;
  return count === 1 ? outputs?.sqnr ?? undefined : undefined;
}
