import type { Dataset } from "../data/dataset.ts";
import { random } from "../random.ts";
import {
  addSums,
  comparable,
  cosineOf,
  noSums,
  sameShape,
  sqnrOf,
  type Sums,
} from "../evaluate/closeness.ts";
import { estimateDifference, estimateMean } from "../evaluate/estimate.ts";
import { type Evaluation, requireFinite, scoreOf } from "../evaluate/evaluate.ts";
import { meanInterval, moments } from "../evaluate/interval.ts";
import { type ClassOptions, infoOf, isShare, type Metric } from "../evaluate/metric.ts";
import type { Effect } from "../record/ablation_record.ts";
import type { Estimate } from "../record/metric_info.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { margin, safeMargin, shift } from "./margins.ts";
import type { Replay, Variant } from "./replay.ts";

type Outputs = Readonly<Record<string, Tensor>>;

/** A network that variants are variants of, on each sample as far as it is known. */
export interface Baseline {
  /** Score of each sample; float32's where it was not run. */
  readonly scores: Float64Array;
  /** Its outputs by sample, where it was run. */
  readonly results: Map<number, Outputs>;
  /** Most that any lead of a class is away from float32's where it was not run. */
  readonly moved: number;
}

/** What effects are measured against. */
export interface EffectSetup {
  /** Over the network that the variants are variants of. */
  readonly replay: Replay;
  readonly metric: Metric;
  /** Float32's evaluation on the data set, with its outputs: what closeness is closeness to. */
  readonly float32: Evaluation;
  /** The network that is replayed, if it is another one: learns what more is run of it. @default {float32} */
  readonly base?: Baseline;
  /** Samples that every variant is run on, drawn at random. @default {16} */
  readonly few?: number;
  /** Half the width of an interval that is narrow enough, in the metric's unit, where it is no share. */
  readonly resolution: number;
  readonly seed?: number;
  /** Told what a variant gave for a sample. */
  readonly onOutputs?: (index: number, outputs: Outputs, score: number) => void;
}

/** What a variant was measured to do. */
export interface Measured<V extends Variant = Variant> {
  readonly variant: V;
  readonly effect: Effect;
  /** Why it could not be measured, if so. */
  readonly cause?: Error;
}

/**
 * Measures what variants of a network do to a metric, on no more samples than it takes:
 *
 * - A metric that follows from the chosen classes (top-1, agreement) can change only on samples whose
 *   class does. Some samples, drawn at random, tell how far a variant moves the lead of a class; then only
 *   samples whose lead is less than {@linkcode safeMargin} run, and all others count as unchanged. The
 *   effect is over all samples. What it rests on is an assumption on those that did not run: that none of
 *   them is moved further than that.
 * - Other metrics are looked at up to three times: on the first samples, on four times as many, on all.
 *   A variant is done when its interval is narrow enough, or tells its direction at a quarter of its
 *   size. Intervals are of 98.3 %, so that three looks together hold 95 % (Bonferroni).
 *
 * Closeness of the outputs is over the samples drawn at random.
 *
 * @returns Effects in the order in which they are known. A variant that fails has its reason.
 */
export async function* measureEffects<V extends Variant>(
  setup: EffectSetup,
  variants: readonly V[],
): AsyncGenerator<Measured<V>, void, void> {
  const { replay, metric, float32 } = setup;
  const { dataset } = replay;
  const base = setup.base ?? baselineOf(float32);
  const order = shuffled(scoredSamples(dataset, metric), setup.seed ?? 0);
  const few = order.slice(0, setup.few ?? FEW);

  const { decidedBy } = metric;
  const marginOf = (index: number, by: ClassOptions) => {
    const own = base.results.get(index);
    return own ? margin(own, by) : margin(float32.results![index]!, by) - base.moved;
  };
  const margins = decidedBy && float32.results!.map((_, index) => marginOf(index, decidedBy));
  const screened = margins !== undefined && order.every((index) => !Number.isNaN(margins[index]!));
  const near = screened ? order.toSorted((a, b) => margins[a]! - margins[b]!).slice(0, NEAR) : [];
  const context: Context = { ...setup, base, order, few, near };
  /** Runs the network that is replayed where that was not needed before. */
  const complete = async (samples: readonly number[]) => {
    const missing = samples.filter((index) => !base.results.has(index));
    const outputs = missing.length > 0 ? await replay.outputs(missing) : [];
    missing.forEach((index, i) => {
      base.results.set(index, outputs[i]!);
      base.scores[index] = scoreAt(index, outputs[i]!, context);
      if (screened) margins[index] = marginOf(index, decidedBy!);
    });
  };
  const open = new Map(variants.map((variant) => [variant, new Trial(variant, context)]));
  const looks = [few.length, 4 * few.length, order.length].filter((n) => n <= order.length);
  const plan: Plan = screened ? { margins } : { looks: [...new Set(looks)] };
  for (const trial of open.values()) trial.plan(plan); // each wants some samples
  while (open.size > 0) {
    const wanted = new Set([...open.values()].flatMap((trial) => [...trial.wanted]));
    const samples = order.filter((index) => wanted.has(index));
    await complete(samples);
    const runs = setup.replay.run(
      samples,
      [...open.keys()],
      (variant, sample) => open.get(variant)?.wanted.has(sample) ?? false,
    );
    for await (const { variant, samples, results, error } of runs) {
      const trial = open.get(variant);
      if (!trial) continue; // it failed on other samples
      if (error) trial.error ??= error;
      else trial.take(samples, results);
      if (trial.wanted.size > 0 && !trial.error) continue;
      trial.plan(plan);
      if (trial.wanted.size > 0 && !trial.error) continue;
      open.delete(variant);
      yield { variant, effect: trial.effect(plan), ...(trial.error && { cause: trial.error }) };
    }
  }
}

/** Samples that every variant is run on. */
const FEW = 16;

/** Samples with the least lead that are run from the start. */
const NEAR = 8;

interface Context extends Omit<EffectSetup, "few" | "base"> {
  readonly base: Baseline;
  readonly order: readonly number[];
  readonly few: readonly number[];
  /** Samples whose class leads least. */
  readonly near: readonly number[];
}

/** Which samples are run: those with a small margin, or as many as each look takes. */
type Plan = { readonly margins: readonly number[]; readonly looks?: undefined } | {
  readonly looks: readonly number[];
  readonly margins?: undefined;
};

/** A variant on its way. */
class Trial<V extends Variant> {
  readonly variant: V;
  /** Samples that are to be run next. */
  wanted = new Set<number>();
  error: Error | undefined;
  readonly #context: Context;
  readonly #few: ReadonlySet<number>;
  readonly #scores = new Map<number, number>();
  readonly #shifts: number[] = [];
  readonly #closeness = new Closeness();
  #look = 0;

  constructor(variant: V, context: Context) {
    this.variant = variant;
    this.#context = context;
    this.#few = new Set(context.few);
  }

  take(samples: readonly number[], results: readonly Outputs[]): void {
    const { metric, float32, base, onOutputs } = this.#context;
    try {
      samples.forEach((index, i) => {
        const outputs = results[i]!;
        const score = scoreAt(index, outputs, this.#context);
        this.#scores.set(index, score);
        if (metric.decidedBy) {
          this.#shifts.push(shift(base.results.get(index)!, outputs, metric.decidedBy));
        }
        if (this.#few.has(index)) this.#closeness.add(float32.results![index]!, outputs);
        this.wanted.delete(index);
        onOutputs?.(index, outputs, score);
      });
    } catch (error) {
      this.error ??= error as Error;
    }
  }

  /** Decides what is to be run next; nothing, if it is done. */
  plan({ margins, looks }: Plan): void {
    const { order, few } = this.#context;
    if (this.error) return;
    if (this.#scores.size === 0) {
      // Those that may well change come along: they would be wanted next.
      this.wanted = new Set([...few, ...this.#context.near]);
    } else if (margins) {
      const safe = safeMargin(this.#shifts);
      this.wanted = new Set(
        order.filter((index) => !this.#scores.has(index) && margins[index]! <= safe),
      );
    } else if (!this.#isResolved(looks)) {
      const next = looks[++this.#look] ?? order.length;
      this.wanted = new Set(order.slice(0, next).filter((index) => !this.#scores.has(index)));
    }
  }

  #isResolved(looks: readonly number[]): boolean {
    const { resolution, order, metric } = this.#context;
    if (this.#scores.size >= order.length) return true;
    if (isShare(metric)) return false; // a share is known to the point from hundreds of samples on
    const { value, low, high } = this.#interval(looks);
    const half = (high - low) / 2;
    return half <= resolution || half <= Math.abs(value) / 4;
  }

  /** Difference to the network that is replayed, on the samples that were run. */
  #interval(looks: readonly number[]): Estimate {
    const { base } = this.#context;
    const differences = Float64Array.from(
      this.#scores,
      ([index, score]) => score - base.scores[index]!,
    );
    const level = 1 - 0.05 / looks.length;
    const interval = meanInterval(differences, level);
    return { value: moments(differences).mean, ...interval, n: differences.length };
  }

  effect(plan: Plan): Effect {
    const { order, metric, base, float32 } = this.#context;
    const common = { run: this.#scores.size, samples: order.length };
    if (this.error) return { ...common, error: this.error.message };
    const ran = order.filter((index) => this.#scores.has(index));
    // Of what did not run nothing changed; or it is not looked at.
    const counted = plan.margins ? order : ran;
    const scores = Float64Array.from(
      counted,
      (index) => this.#scores.get(index) ?? base.scores[index]!,
    );
    const before = Float64Array.from(counted, (index) => base.scores[index]!);
    const { share, perfect } = infoOf(metric);
    const isOwn = perfect !== undefined && base.scores === float32.scores;
    return {
      ...common,
      value: estimateMean(scores, { share }),
      difference: share || plan.margins || ran.length === order.length
        ? estimateDifference(scores, before, { share, ...(isOwn && { perfect }) })
        : this.#interval(plan.looks),
      ...this.#closeness.summary(),
      ...(plan.margins && { margin: safeMargin(this.#shifts) }),
    };
  }
}

/** Float32, all of which is known. */
function baselineOf({ scores, results }: Evaluation): Baseline {
  return { scores, results: new Map(results!.entries()), moved: 0 };
}

/**
 * Measures what a network does to the metric as variants are measured, and keeps what it gave: to be the
 * base of other variants.
 *
 * @throws What went wrong, if it cannot be measured.
 */
export async function measureBaseline(
  setup: Omit<EffectSetup, "base" | "onOutputs">,
  variant: Variant,
): Promise<{ readonly effect: Effect; readonly base: Baseline }> {
  const scores = Float64Array.from(setup.float32.scores);
  const results = new Map<number, Outputs>();
  const onOutputs = (index: number, outputs: Outputs, score: number) => {
    scores[index] = score;
    results.set(index, outputs);
  };
  for await (const { effect, cause } of measureEffects({ ...setup, onOutputs }, [variant])) {
    if (cause) throw cause;
    return { effect, base: { scores, results, moved: effect.margin ?? 0 } };
  }
  throw new Error("A variant was not measured");
}

/** The score of what a network gave for a sample. */
function scoreAt(
  index: number,
  outputs: Outputs,
  { replay: { base: model, dataset }, metric, float32 }: Context,
): number {
  const label = dataset.labels?.[index] ?? -1;
  requireFinite(outputs, model, dataset, index);
  const reference = float32.results![index]!;
  const sample = { outputs, reference, index, ...(label >= 0 && { label }) };
  return scoreOf(sample, metric, dataset);
}

/** Closeness of outputs to float32's, over samples. */
class Closeness {
  readonly #sums = new Map<string, Sums>();
  /** SQNR of each sample. */
  readonly #sqnr: number[] = [];

  add(reference: Outputs, outputs: Outputs): void {
    let worst = Infinity;
    for (const name of comparable(reference)) {
      const [theirs, ours] = [reference[name]!, outputs[name]];
      if (!ours || !sameShape(ours, theirs)) continue;
      const own = noSums();
      addSums(own, theirs, ours);
      worst = Math.min(worst, sqnrOf(own));
      const all = this.#sums.get(name) ?? noSums();
      this.#sums.set(name, all);
      for (const key of ["signal", "noise", "product", "energy"] as const) all[key] += own[key];
    }
    if (worst < Infinity) this.#sqnr.push(worst);
  }

  /** Nothing, if there are too few samples for an interval. */
  summary(): Pick<Effect, "sqnr" | "noise" | "cosine"> {
    if (this.#sqnr.length < 2) return {};
    const sums = [...this.#sums.values()];
    const worst = sums.reduce((a, b) => sqnrOf(b) < sqnrOf(a) ? b : a);
    const sqnr = Float64Array.from(this.#sqnr);
    return {
      sqnr: { value: moments(sqnr).mean, ...meanInterval(sqnr), n: sqnr.length },
      noise: worst.signal > 0 ? worst.noise / worst.signal : 0,
      cosine: Math.min(...sums.map(cosineOf)),
    };
  }
}

/** Samples that a metric gives a score. */
function scoredSamples({ length, labels }: Dataset, { usesLabels }: Metric): number[] {
  return Array.from({ length }, (_, index) => index)
    .filter((index) => !usesLabels || (labels?.[index] ?? -1) >= 0);
}

/** Fisher and Yates's shuffle. */
function shuffled(indices: number[], seed: number): number[] {
  const stream = random(seed);
  for (let i = indices.length - 1; i > 0; i--) {
    const j = Math.floor(stream.between(0, i + 1));
    [indices[i], indices[j]] = [indices[j]!, indices[i]!];
  }
  return indices;
}
