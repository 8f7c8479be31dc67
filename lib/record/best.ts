import { type Budget, describeLimit, isWithinBudget, worstCaseDrop } from "./budget.ts";
import { frontOf } from "./front.ts";
import { baselineWords, type OfGiven } from "./given_record.ts";
import { exceededRatios, isCostlyToOpen, type LoadRatios } from "./load_ratios.ts";
import type { Objective } from "./objective.ts";
import { isSettled, unsettledNote } from "./settled.ts";
import {
  type CaseLatency,
  isMeasured,
  type Latency,
  type MeasuredTrial,
  type Trial,
} from "./trial_record.ts";

/** What the trials of a study are chosen by, and what they may take to open; a study itself is one. */
export interface Contest extends Budget, Partial<LoadRatios>, OfGiven {
  /** The model as given, which trials must be better than. */
  readonly model: { readonly bytes: number };
}

/** Files that differ by less than this share of the smaller are of one size to a reader. */
const SAME_SIZE = 0.05;

/** What has a ratio of times. */
interface Timed {
  readonly latency: Pick<Latency, "ratio" | "at">;
}

/**
 * Whether a trial is significantly faster than float32: all of its ratio's interval is below 1, it is
 * settled (see {@linkcode isSettled}), and at no length that was asked for is it slower.
 */
export function isFaster({ latency }: Timed): boolean {
  return latency.ratio.high < 1 && isSettled(latency.ratio) && !slowestCase(latency);
}

/**
 * Whether a trial is significantly slower than float32, at any of the lengths that were asked for or on the whole:
 * all of its ratio's interval is above 1, and it is settled (see {@linkcode isSettled}).
 */
export function isSlower({ latency }: Timed): boolean {
  return isAbove(latency.ratio) || slowestCase(latency) !== undefined;
}

function isAbove(ratio: Latency["ratio"]): boolean {
  return ratio.low > 1 && isSettled(ratio);
}

/** The length or the set of samples at which a model is slowest, if it is significantly slower than float32 there. */
function slowestCase({ at = [] }: Timed["latency"]): CaseLatency | undefined {
  return at.filter(({ ratio }) => isAbove(ratio)).sort((a, b) => b.ratio.value - a.ratio.value)[0];
}

/** Bytes of a trial that an objective counts: of the file, or of what a server sends of it after brotli. */
export function sizeIn(
  objective: Objective,
  { bytes, download }: Pick<MeasuredTrial, "bytes" | "download">,
): number {
  return objective === "download" ? download?.brotli ?? bytes : bytes;
}

/**
 * Whether there is a reason to use a trial in place of float32 as given, accuracy aside: it is not
 * significantly slower, and significantly faster or smaller by more than 5 %.
 */
function isImprovement(
  { model }: Pick<Contest, "model">,
  trial: Pick<MeasuredTrial, "latency" | "bytes">,
): boolean {
  if (isSlower(trial)) return false;
  return isFaster(trial) || trial.bytes < model.bytes * (1 - SAME_SIZE);
}

/**
 * The best of the trials that keep the budget and are an improvement, see
 * {@linkcode isImprovement}. Undefined where there is none: the model as given stays. A trial whose time
 * is not settled (see {@linkcode isSettled}), or that takes too much to open (see
 * {@linkcode isCostlyToOpen}), is never the best.
 *
 * - By latency: the fastest of those that are significantly faster, if there are any; of those whose
 *   ratio lies within its interval, which the measurement cannot tell apart, the smallest file.
 * - By size: the smallest file, or download (see {@linkcode sizeIn}); of those of the same size the
 *   fastest, and whatever the measurement cannot tell from it.
 *
 * Of what is left, the one that loses least (as judged, see {@linkcode worstCaseDrop}); then the one
 * of the lowest ratio; then the smallest; then the first by name.
 *
 * @param trials In any order; those that failed or were not measured to the end do not count.
 */
export function bestTrial(
  contest: Contest,
  trials: readonly Trial[],
  objective: Objective = "latency",
): MeasuredTrial | undefined {
  const all = candidatesOf(contest, trials);
  if (all.length === 0) return undefined;
  const faster = all.filter(isFaster);
  const candidates = objective === "latency" && faster.length > 0 ? faster : all;
  const size = (trial: MeasuredTrial) => sizeIn(objective, trial);
  const alike = objective === "latency"
    ? smallestOf(fastestOf(candidates), size)
    : fastestOf(smallestOf(candidates, size));
  const loss = lossIn(contest);
  return alike.sort((a, b) =>
    loss(a) - loss(b) || ratioOf(a) - ratioOf(b) || size(a) - size(b) || byName(a, b)
  )[0];
}

/**
 * The trial that comes closest to keeping the budget: what a message names where none keeps it.
 * Undefined where nothing was measured.
 */
export function closestTrial(
  budget: Pick<Budget, "metric">,
  trials: readonly Trial[],
): MeasuredTrial | undefined {
  const loss = lossIn(budget);
  return trials.filter(isMeasured)
    .sort((a, b) => loss(a) - loss(b) || ratioOf(a) - ratioOf(b) || byName(a, b))[0];
}

/** Why the best trial is the best, or why there is none, in sentences. */
export function whyBest(
  contest: Contest,
  trials: readonly Trial[],
  objective: Objective = "latency",
): string {
  const measured = trials.filter(isMeasured);
  const limit = `at most ${describeLimit(contest)} on the selection split`;
  const kept = measured.filter((trial) => isWithinBudget(contest, trial));
  if (kept.length === 0) {
    const closest = closestTrial(contest, measured);
    return `None of ${configurations(measured.length)} loses ${limit}` +
      `${closest ? `; ${closest.name} comes closest` : ""}. The model as given stays.`;
  }
  const candidates = candidatesOf(contest, measured);
  const costly = costlyNote(contest, measured);
  const [lose, are] = candidates.length === 1 ? ["loses", "is"] : ["lose", "are"];
  const { model: float32 } = baselineWords(contest);
  const gain = candidates.every(isFaster)
    ? `${are} significantly faster than ${float32} (95 %)`
    : `${are} significantly faster than ${float32} (95 %), or no slower and more than 5 % smaller`;
  const slow = slowNote(kept, float32);
  if (candidates.length === 0) {
    const unsettled = unsettledNote(kept.map(({ latency }) => latency));
    if (unsettled !== undefined) return `${unsettled} No winner was chosen.`;
    if (slow !== "") return `${slow} No other is an improvement. The model as given stays.`;
    if (costly !== "") return `${costly} No other is an improvement. The model as given stays.`;
    return `${kept.length} of ${configurations(measured.length)} ` +
      `${kept.length === 1 ? "loses" : "lose"} ${limit}, but none is significantly faster than ` +
      `${float32} (95 %), or no slower and more than 5 % smaller. The model as given stays.`;
  }
  return `${candidates.length} of ${
    configurations(measured.length)
  } ${lose} ${limit} and ${gain}. ` +
    [CHOICES[objective], slow, costly].filter(Boolean).join(" ");
}

/** What is chosen of the candidates, and where ties go. */
const CHOICES: Readonly<Record<Objective, string>> = {
  latency: "The fastest was chosen; ties go to the smaller file, then to the smaller loss.",
  size:
    "The smallest was chosen; ties (within 5 %) go to the faster one, then to the smaller loss.",
  download:
    "The smallest download (after brotli) was chosen; ties (within 5 %) go to the faster one, then to the " +
    "smaller loss.",
};

/** Which trials only a length at which they are slower keeps from being chosen, in a sentence; "" for none. */
function slowNote(kept: readonly MeasuredTrial[], float32: string): string {
  const slow = kept.filter(({ latency }) => latency.ratio.high < 1 && slowestCase(latency));
  const [first] = slow.sort((a, b) => ratioOf(a) - ratioOf(b) || byName(a, b));
  if (!first) return "";
  const { name, ratio: { value, low, high } } = slowestCase(first.latency)!;
  const others = slow.length > 1 ? ` and ${slow.length - 1} more are` : " is";
  return `${first.name}${others} left out: at ${name} ${
    slow.length > 1 ? "the first" : "it"
  } takes ` +
    `×${value.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}] of ${float32}'s time.`;
}

/** Which trials only what they take to open keeps from being chosen, in a sentence; "" for none. */
function costlyNote(
  { maxCreate, maxHeap, ...contest }: Contest,
  trials: readonly Trial[],
): string {
  const ratios = { maxCreate, maxHeap };
  const costly = candidatesOf(contest, trials).filter((trial) => isCostlyToOpen(ratios, trial));
  const [first] = costly.sort((a, b) => ratioOf(a) - ratioOf(b) || byName(a, b));
  if (!first) return "";
  const takes = exceededRatios(ratios, first).map(({ name, of, ratio, most }) => {
    const { value, low, high } = ratio;
    return `×${value.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}] of ${
      baselineWords(contest).model
    }'s ${of}, above ` +
      `the limit of ×${most} (${name})`;
  });
  const others = costly.length > 1 ? ` and ${costly.length - 1} more` : "";
  return `${first.name}${others} ${costly.length > 1 ? "are" : "is"} left out: ` +
    `${costly.length > 1 ? "the first takes" : "it takes"} ${takes.join("; and ")}.`;
}

/**
 * The trials that are an improvement (see {@linkcode isImprovement}) and that no other beats in
 * latency, accuracy and size at once, fastest first. Whatever the budget, the best is among them.
 * These are kept as files. Where no time is settled, the ones that are smaller.
 */
export function trialFront(
  contest: Pick<Contest, "metric" | "model">,
  trials: readonly Trial[],
): MeasuredTrial[] {
  const loss = lossIn(contest);
  const better = trials.filter(isMeasured).filter((trial) => isImprovement(contest, trial));
  const settled = better.filter(({ latency }) => isSettled(latency.ratio));
  return frontOf(
    (settled.length > 0 ? settled : better).sort(byName),
    (trial) => [ratioOf(trial), loss(trial), trial.bytes],
  );
}

/** The trials that may be chosen. */
function candidatesOf(contest: Contest, trials: readonly Trial[]): MeasuredTrial[] {
  return trials.filter(isMeasured)
    .filter((trial) =>
      isWithinBudget(contest, trial) && isSettled(trial.latency.ratio) &&
      isImprovement(contest, trial) && !isCostlyToOpen(contest, trial)
    );
}

/** The fastest, and those that its measurement cannot tell from it. */
function fastestOf(trials: readonly MeasuredTrial[]): MeasuredTrial[] {
  const fastest = trials.toSorted((a, b) => ratioOf(a) - ratioOf(b) || byName(a, b))[0]!;
  return trials.filter((trial) => ratioOf(trial) <= fastest.latency.ratio.high);
}

/** The smallest, and those of the same size to a reader. */
function smallestOf(
  trials: readonly MeasuredTrial[],
  size: (trial: MeasuredTrial) => number,
): MeasuredTrial[] {
  const smallest = Math.min(...trials.map(size));
  return trials.filter((trial) => size(trial) <= smallest * (1 + SAME_SIZE));
}

/** What a trial loses, as it is judged. */
function lossIn({ metric }: Pick<Budget, "metric">): (trial: MeasuredTrial) => number {
  return ({ accuracy }) => worstCaseDrop(metric, accuracy.difference);
}

function ratioOf({ latency }: MeasuredTrial): number {
  return latency.ratio.value;
}

function byName(a: Trial, b: Trial): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** `1 configuration`, `12 configurations`. */
function configurations(count: number): string {
  return `${count} configuration${count === 1 ? "" : "s"}`;
}
