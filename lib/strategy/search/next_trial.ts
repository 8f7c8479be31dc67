import { contentKey } from "../../record/json.ts";
import type { Assignment } from "./assignment.ts";
import { LEAST_NOISE } from "../../evaluate/closeness.ts";
import {
  assignmentOf,
  largest,
  type Proposal,
  proposalOf,
  propose,
  type SearchSpace,
  valueOf,
} from "./proposal.ts";
import { dropOfNoise, noiseOfDrop, type Response } from "./noise_to_drop.ts";

/** What came of a proposal that was built and measured. */
export interface Outcome {
  /** Drop of the metric on the selection split; undefined if the trial failed. */
  readonly drop?: number;
  /** Noise at the outputs, as a share of the signal's power, where it was measured. */
  readonly noise?: number;
}

/** Something to measure, and why. */
export interface Step {
  readonly proposal: Proposal;
  readonly assignment: Assignment;
  /** In a few words. */
  readonly why: string;
  /** Drop that is expected of it. */
  readonly expected: number;
}

interface Known extends Outcome {
  readonly proposal: Proposal;
  /** Uncorrected noise at the worst output. */
  readonly power: number;
}

/** Options for {@linkcode Guide}. */
export interface GuideOptions {
  /** Largest accepted drop. */
  maxDrop: number;
  /** How the metric answers to noise. */
  response: Response;
}

/** Two powers closer than this factor (0.4 dB) are the same to the eye. */
const SAME_POWER = 1.1;

/** Most proposals that narrow the limit down. */
const NARROWINGS = 10;

/** Least share of the objective that a move has to promise. */
const WORTH_A_TRIAL = 0.005;

/** Most points beside the best that fill the front. */
const FRONT_POINTS = 3;

/**
 * Decides what to build and measure next, from what has been measured. The sum of measured noises says
 * which model to build for a limit; how far that sum, and the answer of the metric to noise, are off is
 * learnt from each outcome, and the limit is moved until nothing lies between what keeps the budget and
 * what does not. Then single layers are moved, since a sum knows nothing of how they work together.
 */
export class Guide {
  readonly #spaces: readonly SearchSpace[];
  readonly #options: GuideOptions;
  readonly #known = new Map<string, Known>();
  /** Limits below which nothing new was found, and above which. */
  #low = 0;
  #high = Infinity;
  #narrowings = 0;
  #moved = new Set<string>();
  #front = 0;

  constructor(spaces: readonly SearchSpace[], options: GuideOptions) {
    this.#spaces = spaces;
    this.#options = options;
  }

  /** Measured noise over the sum of the parts': the geometric mean, near the limit above all. */
  get scale(): number {
    const { response, maxDrop } = this.#options;
    const target = Math.max(noiseOfDrop(response, maxDrop), LEAST_NOISE);
    const logs = [...this.#known.values()].flatMap(({ noise, power }) =>
      noise !== undefined && noise > 0 && power > 0
        ? [{ log: Math.log(noise / power), far: Math.abs(Math.log(noise / target)) }]
        : []
    );
    if (logs.length === 0) return 1;
    const weight = ({ far }: { far: number }) => 1 / (0.1 + far) ** 2;
    const sum = logs.reduce((total, one) => total + weight(one) * one.log, 0);
    return Math.exp(sum / logs.reduce((total, one) => total + weight(one), 0));
  }

  /** The drop that a proposal is expected to bring. */
  expected(proposal: Proposal): number {
    return this.expectedOf(largest(proposal.noise));
  }

  /** The drop to be expected of a sum of noises. */
  expectedOf(noise: number): number {
    return dropOfNoise(this.#options.response, this.scale * noise);
  }

  /** Takes note of what came of a proposal. */
  tell({ proposal, assignment }: Pick<Step, "proposal" | "assignment">, outcome: Outcome): void {
    const power = largest(proposal.noise);
    this.#known.set(keyOf(assignment), { proposal, power, ...outcome });
    const { drop } = outcome;
    if (drop !== undefined && this.#keeps(drop)) {
      this.#low = Math.max(this.#low, power);
      // What noise could not do, less of it cannot: whatever failed below failed for another reason.
      if (this.#high <= this.#low) this.#high = this.#leastFailed();
    } else if (power > this.#low) this.#high = Math.min(this.#high, power);
  }

  /** What to measure next; undefined if nothing promises more. */
  async next(): Promise<Step | undefined> {
    return await this.#fastest() ?? await this.#narrow() ?? await this.#move() ??
      await this.#tidy() ?? await this.#fillFront();
  }

  /** The best known proposal that keeps the budget, by what is predicted. */
  get best(): Proposal | undefined {
    return this.#kept()[0];
  }

  #kept(): Proposal[] {
    return [...this.#known.values()].filter(({ drop }) => drop !== undefined && this.#keeps(drop))
      .map(({ proposal }) => proposal)
      .sort((a, b) => valueOf(a) - valueOf(b));
  }

  #keeps(drop: number): boolean {
    return drop <= this.#options.maxDrop + 1e-9;
  }

  #leastFailed(): number {
    const powers = [...this.#known.values()].flatMap(({ drop, power }) =>
      drop !== undefined && !this.#keeps(drop) && power > this.#low ? [power] : []
    );
    return Math.min(Infinity, ...powers);
  }

  /** First of all, what there is to gain: the best if accuracy did not matter. */
  async #fastest(): Promise<Step | undefined> {
    if (this.#known.size > 0) return undefined;
    return await this.#at(Infinity, "the best if accuracy did not matter");
  }

  async #narrow(): Promise<Step | undefined> {
    const { response, maxDrop } = this.#options;
    while (
      this.#narrowings < NARROWINGS && this.#high / this.#low > SAME_POWER && this.#high < Infinity
    ) {
      const predicted = noiseOfDrop(response, maxDrop) / this.scale;
      const limit = this.#limit(predicted);
      const step = await this.#at(limit, "the best within the limit on noise");
      if (step) {
        this.#narrowings++;
        return step;
      }
      // Nothing new below this limit: what there is has kept the budget already, or failed to run.
      this.#low = Math.max(this.#low, limit);
      if (this.#low >= this.#high) break;
    }
    return undefined;
  }

  /** A limit between what is known to keep the budget and what is known not to. */
  #limit(predicted: number): number {
    const [low, high] = [this.#low, this.#high];
    const inside = predicted > low * SAME_POWER && predicted < high / SAME_POWER;
    if (inside && this.#narrowings < NARROWINGS / 2) return predicted;
    if (low > 0) return Math.sqrt(low * high);
    return Math.min(predicted, high) / 2 ** (this.#narrowings + 1);
  }

  /** Single layers that a failed trial had, and the best does not: perhaps it was not they. */
  async #move(): Promise<Step | undefined> {
    const best = this.best;
    if (!best) return undefined;
    const failed = [...this.#known.values()]
      .filter(({ proposal, drop }) =>
        proposal.space === best.space && drop !== undefined && !this.#keeps(drop)
      )
      .sort((a, b) => a.power - b.power);
    const moves = failed.slice(0, 2).flatMap(({ proposal }) =>
      best.chosen.flatMap((choice, i) => {
        const other = proposal.chosen[i]!;
        if (other === choice || other.form === choice.form && other.timed === choice.timed) {
          return [];
        }
        const moved = proposalOf(best.space, best.chosen.with(i, other));
        return [{ moved, gain: valueOf(best) - valueOf(moved) }];
      })
    ).filter(({ gain }) => gain > WORTH_A_TRIAL * valueOf(best))
      .sort((a, b) => b.gain - a.gain);
    for (const { moved } of moves) {
      const assignment = assignmentOf(moved);
      const key = keyOf(assignment);
      if (this.#known.has(key) || this.#moved.has(key)) continue;
      this.#moved.add(key);
      return this.#step(moved, assignment, "one layer more in its faster form");
    }
    return await Promise.resolve(undefined);
  }

  /** The same for less noise: the least limit under which the best is as good as it is. */
  async #tidy(): Promise<Step | undefined> {
    const best = this.best;
    if (!best) return undefined;
    let tidied: Proposal | undefined;
    let high = largest(best.noise);
    let low = high / 100;
    while (high / low > SAME_POWER) {
      const limit = Math.sqrt(low * high);
      const proposal = await propose(best.space, limit);
      if (proposal && valueOf(proposal) <= valueOf(best) * (1 + WORTH_A_TRIAL)) {
        tidied = proposal;
        high = limit;
      } else low = limit;
    }
    return tidied && this.#new(tidied, "as good, with less noise");
  }

  async #fillFront(): Promise<Step | undefined> {
    const best = this.best;
    while (best && this.#front < FRONT_POINTS) {
      const limit = largest(best.noise) / 10 ** ++this.#front;
      const step = await this.#at(limit, "more accurate than asked for");
      if (step) return step;
    }
    return undefined;
  }

  /** The best under a limit over all exact forms, if it has not been measured. */
  async #at(limit: number, why: string): Promise<Step | undefined> {
    const proposals: Proposal[] = [];
    for (const space of this.#spaces) {
      const proposal = await propose(space, limit);
      if (proposal) proposals.push(proposal);
    }
    const [best] = proposals.sort((a, b) => valueOf(a) - valueOf(b));
    return best && this.#new(best, why);
  }

  #new(proposal: Proposal, why: string): Step | undefined {
    const assignment = assignmentOf(proposal);
    return this.#known.has(keyOf(assignment)) ? undefined : this.#step(proposal, assignment, why);
  }

  #step(proposal: Proposal, assignment: Assignment, why: string): Step {
    return { proposal, assignment, why, expected: this.expected(proposal) };
  }
}

/** Equal assignments have equal keys. */
export function keyOf(assignment: Assignment): string {
  return contentKey(assignment);
}
