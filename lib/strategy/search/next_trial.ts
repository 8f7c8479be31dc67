import { tighterLimits } from "../../cost/tighter_limits.ts";
import { isWithin } from "../../record/budget.ts";
import { contentKey, type Plain } from "../../record/json.ts";
import type { Assignment, Recipe } from "../../record/recipe.ts";
import { LEAST_NOISE } from "../../evaluate/closeness.ts";
import { dropOfNoise, type NoiseCurve, noiseOfDrop } from "./noise_to_drop.ts";
import { costOf, type Proposal, proposalOf, propose, recipeOf } from "./proposal.ts";
import { largest, type SearchSpace } from "./space.ts";

/** What came of a proposal that was built and measured. */
export interface Outcome {
  /** Drop of the metric on the selection split; undefined if the trial failed. */
  readonly drop?: number;
  /** Noise at the outputs, as a share of the signal's power, where it was measured. */
  readonly noise?: number;
  /** Whether it takes more to open than is accepted. @default {false} */
  readonly isCostly?: boolean;
}

/** What to measure next, and why. */
export interface Suggestion {
  readonly proposal: Proposal;
  readonly recipe: Assignment;
  /** In a few words. */
  readonly why: string;
  /** Drop that is predicted of it. */
  readonly drop: number;
}

interface Measured extends Outcome {
  readonly proposal: Proposal;
  /** Predicted noise at the worst output. */
  readonly predicted: number;
}

/** Options for {@linkcode NextTrial}. */
export interface NextTrialOptions {
  /** Largest accepted drop, in the metric's unit. */
  maxDrop: number;
  /** What noise costs in the metric. */
  curve: NoiseCurve;
}

/** Limits on noise closer than this factor (0.4 dB) are taken for the same. */
const SAME_POWER = 1.1;

/** Most trials that bisect the limit on noise. */
const MOST_BISECTIONS = 10;

/** Least share of the cost that a swap has to promise. */
const WORTH_A_TRIAL = 0.005;

/** Most trials that fill the front on its accurate side. */
const FRONT_POINTS = 3;

/**
 * Decides what to build and measure next, from what has been measured. The sum of noises measured one
 * by one says which model to build for a limit. How far that sum and the noise-to-accuracy curve are
 * off is learnt from each outcome, and the limit is bisected until nothing lies between what keeps the
 * budget and what does not. Then single layers are swapped, since a sum knows nothing of how they work
 * together; the best is built with less noise; and the front is filled with more accurate ones.
 */
export class NextTrial {
  #spaces: readonly SearchSpace[];
  readonly #options: NextTrialOptions;
  readonly #measured = new Map<string, Measured>();
  /** Predicted noise up to which the budget is known to be kept, and from which it is known not to be. */
  #low = 0;
  #high = Infinity;
  #bisections = 0;
  readonly #swapped = new Set<string>();
  #frontPoints = 0;
  /** Whether it plans with tighter limits on opening, and whether it has asked for anything since. */
  #isTighter = false;
  #hasAskedSince = false;

  /** @param spaces One for each exact form, all with the same objective. */
  constructor(spaces: readonly SearchSpace[], options: NextTrialOptions) {
    this.#spaces = spaces;
    this.#options = options;
  }

  /**
   * Measured noise over the predicted sum: the geometric mean over what was measured, in which those
   * near the noise that the budget allows weigh most. 1 as long as nothing is known.
   */
  get scale(): number {
    const target = Math.max(this.#targetNoise, LEAST_NOISE);
    const logs = [...this.#measured.values()].flatMap(({ noise, predicted }) =>
      noise !== undefined && noise > 0 && predicted > 0
        ? [{ log: Math.log(noise / predicted), far: Math.abs(Math.log(noise / target)) }]
        : []
    );
    if (logs.length === 0) return 1;
    const weight = ({ far }: { far: number }) => 1 / (0.1 + far) ** 2;
    const sum = logs.reduce((total, one) => total + weight(one) * one.log, 0);
    return Math.exp(sum / logs.reduce((total, one) => total + weight(one), 0));
  }

  /** The limit on a predicted sum of noises that the budget comes to, as far as is known. */
  get limit(): number {
    return this.#targetNoise / this.scale;
  }

  /** The drop that a predicted sum of noises is expected to cost. */
  dropOf(noise: number): number {
    return dropOfNoise(this.#options.curve, this.scale * noise);
  }

  /** Takes note of what came of a suggestion. */
  tell({ proposal, recipe }: Pick<Suggestion, "proposal" | "recipe">, outcome: Outcome): void {
    const predicted = largest(proposal.noise);
    this.#measured.set(recipeKey(recipe), { proposal, predicted, ...outcome });
    if (outcome.isCostly) this.openSooner();
    const { drop } = outcome;
    if (drop !== undefined && this.#isKept(drop)) {
      this.#low = Math.max(this.#low, predicted);
      // What missed the budget with less noise than this missed it for another reason.
      if (this.#high <= this.#low) this.#high = this.#leastMissed();
    } else if (predicted > this.#low) this.#high = Math.min(this.#high, predicted);
  }

  /** From now on nothing is suggested that comes near the limits on what it takes to open it. */
  openSooner(): void {
    if (this.#isTighter) return;
    this.#isTighter = true;
    this.#spaces = this.#spaces.map((space) => {
      const { base } = space;
      const limits = tighterLimits(base.problem);
      return { ...space, base: { ...base, problem: { ...base.problem, limits } } };
    });
  }

  /** What to measure next; undefined if nothing promises more. */
  async next(): Promise<Suggestion | undefined> {
    return await this.#fastest() ?? await this.#openedSooner() ?? await this.#bisect() ??
      this.#swapLayer() ??
      await this.#reduceNoise() ?? await this.#fillFront();
  }

  /** Of what kept the budget, that which is predicted to be the best. */
  get best(): Proposal | undefined {
    return [...this.#measured.values()]
      .filter(({ drop, isCostly }) => drop !== undefined && this.#isKept(drop) && !isCostly)
      .map(({ proposal }) => proposal)
      .sort((a, b) => costOf(a) - costOf(b))[0];
  }

  get #targetNoise(): number {
    return noiseOfDrop(this.#options.curve, this.#options.maxDrop);
  }

  get #fast(): string {
    return this.#spaces[0]?.objective !== "latency" ? "small" : "fast";
  }

  #isKept(drop: number): boolean {
    return isWithin(this.#options, drop);
  }

  #isMissed({ drop }: Outcome): boolean {
    return drop !== undefined && !this.#isKept(drop);
  }

  /** The least noise above the lower limit with which something missed the budget. */
  #leastMissed(): number {
    const missed = [...this.#measured.values()]
      .filter((one) => this.#isMissed(one) && one.predicted > this.#low);
    return Math.min(Infinity, ...missed.map(({ predicted }) => predicted));
  }

  /** First of all, how much there is to gain. */
  async #fastest(): Promise<Suggestion | undefined> {
    if (this.#measured.size > 0) return undefined;
    return await this.#within(Infinity, `${this.#fast}est mix with no limit on accuracy`);
  }

  /** As fast as may be with no more noise than what took too much to open. */
  async #openedSooner(): Promise<Suggestion | undefined> {
    if (!this.#isTighter || this.#hasAskedSince) return undefined;
    this.#hasAskedSince = true;
    const limit = this.#high < Infinity ? this.#low : Infinity;
    if (limit === 0) return undefined; // nothing is known to keep the budget: bisect
    return await this.#within(limit, `${this.#fast}est mix that takes less to open`);
  }

  /** The best within a limit between what kept the budget and what did not. */
  async #bisect(): Promise<Suggestion | undefined> {
    while (
      this.#bisections < MOST_BISECTIONS && this.#high < Infinity &&
      this.#high / this.#low > SAME_POWER
    ) {
      const limit = this.#nextLimit();
      const why = `${this.#fast}est mix within the predicted limit on quantization error`;
      const suggestion = await this.#within(limit, why);
      if (suggestion) {
        this.#bisections++;
        return suggestion;
      }
      // Nothing new below this limit: what there is has kept the budget already, or failed to run.
      if (limit <= this.#low) return undefined;
      this.#low = limit;
    }
    return undefined;
  }

  /** The limit that is predicted, as long as that lies between what is known; else the middle. */
  #nextLimit(): number {
    const [low, high, predicted] = [this.#low, this.#high, this.limit];
    const isInside = predicted > low * SAME_POWER && predicted < high / SAME_POWER;
    if (isInside && this.#bisections < MOST_BISECTIONS / 2) return predicted;
    if (low > 0) return Math.sqrt(low * high);
    return Math.min(predicted, high) / 2 ** (this.#bisections + 1);
  }

  /**
   * The best, with a single layer as it is in one that missed the budget: perhaps it was not that layer.
   * Those that gain most come first.
   */
  #swapLayer(): Suggestion | undefined {
    const best = this.best;
    if (!best) return undefined;
    const missed = [...this.#measured.values()]
      .filter((one) => one.proposal.space === best.space && this.#isMissed(one))
      .sort((a, b) => a.predicted - b.predicted);
    const swaps = missed.slice(0, 2).flatMap(({ proposal }) => swapsOf(best, proposal))
      .map((proposal) => ({ proposal, gain: costOf(best) - costOf(proposal) }))
      .filter(({ gain }) => gain > WORTH_A_TRIAL * costOf(best))
      .sort((a, b) => b.gain - a.gain);
    for (const { proposal } of swaps) {
      const key = recipeKey(recipeOf(proposal));
      if (this.#swapped.has(key)) continue;
      this.#swapped.add(key);
      const suggestion = this.#ifNew(proposal, `one more layer in its ${this.#fast}er form`);
      if (suggestion) return suggestion;
    }
    return undefined;
  }

  /** What is as good as the best under the least limit on noise, if that is less than the best has. */
  async #reduceNoise(): Promise<Suggestion | undefined> {
    const best = this.best;
    if (!best) return undefined;
    let reduced: Proposal | undefined;
    let high = largest(best.noise);
    let low = high / 100;
    while (high / low > SAME_POWER) {
      const limit = Math.sqrt(low * high);
      const proposal = await propose(best.space, limit);
      if (proposal && costOf(proposal) <= costOf(best) * (1 + WORTH_A_TRIAL)) {
        reduced = proposal;
        high = limit;
      } else low = limit;
    }
    const why = `as ${this.#fast} as the best, with less quantization error`;
    return reduced && this.#ifNew(reduced, why);
  }

  /** A tenth of the noise of the best, a hundredth, and so on. */
  async #fillFront(): Promise<Suggestion | undefined> {
    const best = this.best;
    while (best && this.#frontPoints < FRONT_POINTS) {
      const limit = largest(best.noise) / 10 ** ++this.#frontPoints;
      const suggestion = await this.#within(limit, "more accurate than the budget asks for");
      if (suggestion) return suggestion;
    }
    return undefined;
  }

  /** The best under a limit over all exact forms, if it has not been measured. */
  async #within(limit: number, why: string): Promise<Suggestion | undefined> {
    const proposals: Proposal[] = [];
    for (const space of this.#spaces) {
      const proposal = await propose(space, limit);
      if (proposal) proposals.push(proposal);
    }
    const [best] = proposals.sort((a, b) => costOf(a) - costOf(b));
    return best && this.#ifNew(best, why);
  }

  #ifNew(proposal: Proposal, why: string): Suggestion | undefined {
    const recipe = recipeOf(proposal);
    if (this.#measured.has(recipeKey(recipe))) return undefined;
    return { proposal, recipe, why, drop: this.dropOf(largest(proposal.noise)) };
  }
}

/** The best with each single choice of the other in which they differ. */
function swapsOf(best: Proposal, { chosen }: Proposal): Proposal[] {
  return best.chosen.flatMap((choice, i) => {
    const other = chosen[i]!;
    const isSame = other.form === choice.form && other.timed === choice.timed;
    return isSame ? [] : [proposalOf(best.space, best.chosen.with(i, other))];
  });
}

/** Equal recipes have equal keys. */
export function recipeKey(recipe: Recipe): string {
  const plain: Plain<Recipe> = recipe;
  return contentKey(plain);
}
