import { estimateDifference, estimateMean } from "../evaluate/estimate.ts";
import { requireFinite, scoreOf } from "../evaluate/evaluate.ts";
import { meanInterval, moments } from "../evaluate/interval.ts";
import { labelsOf } from "../evaluate/labels_of.ts";
import { infoOf } from "../evaluate/metric.ts";
import type { Effect } from "../record/ablation_record.ts";
import type { Estimate } from "../record/metric_info.ts";
import type { Baseline, EffectSetup, SampleOutputs } from "./effect_setup.ts";
import { safeMargin, shift } from "./margins.ts";
import { OutputErrors } from "./output_errors.ts";
import type { Variant } from "./replay.ts";
import type { SamplePlan } from "./sample_plan.ts";

/** A variant on its way: which samples it is to be run on next, and what came of those that were run. */
export class Screening<V extends Variant> {
  readonly variant: V;
  /** Why it could not be measured, if so. */
  error: Error | undefined;
  #wanted: ReadonlySet<number> = new Set();
  readonly #setup: EffectSetup;
  readonly #base: Baseline;
  readonly #plan: SamplePlan;
  readonly #screening: ReadonlySet<number>;
  readonly #scores = new Map<number, number>();
  /** How far the lead of a class moved, of each sample that was run. */
  readonly #shifts: number[] = [];
  readonly #errors = new OutputErrors();
  #look = 0;

  /** @param base The network that is replayed. */
  constructor(variant: V, setup: EffectSetup, base: Baseline, plan: SamplePlan) {
    this.variant = variant;
    this.#setup = setup;
    this.#base = base;
    this.#plan = plan;
    this.#screening = new Set(plan.screening);
    // Those that may well change come along: they would be wanted next.
    this.#wanted = new Set([...plan.screening, ...plan.closest]);
  }

  /** Indices of the samples that it is still to be run on; none once it is done. */
  get wanted(): ReadonlySet<number> {
    return this.error ? new Set() : this.#wanted;
  }

  /** Takes in what it gave for some samples, and decides whether it takes more of them. */
  take(samples: readonly number[], results: readonly SampleOutputs[]): void {
    try {
      samples.forEach((index, i) => this.#takeOne(index, results[i]!));
    } catch (error) {
      this.error ??= error as Error;
      return;
    }
    const open = [...this.#wanted].filter((index) => !this.#scores.has(index));
    this.#wanted = new Set(open.length > 0 ? open : this.#next());
  }

  /** What it does, by the samples that were run. */
  effect(): Effect {
    const { metric, base } = this.#setup;
    const { order, margins } = this.#plan;
    const common = { run: this.#scores.size, samples: order.length };
    if (this.error) return { ...common, error: this.error.message };
    // Of what did not run nothing changed; or it is not looked at.
    const counted = margins ? order : order.filter((index) => this.#scores.has(index));
    const before = Float64Array.from(counted, (index) => this.#base.scores[index]!);
    const scores = Float64Array.from(counted, (index, i) => this.#scores.get(index) ?? before[i]!);
    // Float32's closeness to itself is known; that of another network is estimated, as this one's is.
    const { share, perfect } = infoOf(metric);
    const known = base === undefined && perfect !== undefined ? { perfect } : {};
    return {
      ...common,
      value: estimateMean(scores, { share }),
      difference: counted.length === order.length
        ? estimateDifference(scores, before, { share, ...known })
        : this.#interval(),
      ...this.#errors.summary(),
      ...(margins && { margin: safeMargin(this.#shifts) }),
    };
  }

  #takeOne(index: number, outputs: SampleOutputs): void {
    const { metric, float32, onOutputs } = this.#setup;
    const score = scoreAt(index, outputs, this.#setup);
    this.#scores.set(index, score);
    if (metric.decidedBy) {
      this.#shifts.push(shift(this.#base.results.get(index)!, outputs, metric.decidedBy));
    }
    if (this.#screening.has(index)) this.#errors.add(float32.results![index]!, outputs);
    onOutputs?.(index, outputs, score);
  }

  /** Samples to be run beyond those that were; none, if these tell enough. */
  #next(): number[] {
    const { order, margins, looks } = this.#plan;
    const open = (samples: readonly number[]) =>
      samples.filter((index) => !this.#scores.has(index));
    if (margins) {
      const safe = safeMargin(this.#shifts);
      return open(order).filter((index) => margins[index]! <= safe);
    }
    if (this.#isNarrow()) return [];
    const count = looks[++this.#look] ?? order.length;
    return open(order.slice(0, count));
  }

  #isNarrow(): boolean {
    const { resolution } = this.#setup;
    if (resolution === undefined) return false;
    const { value, low, high } = this.#interval();
    const half = (high - low) / 2;
    return half <= resolution || half <= Math.abs(value) / 4;
  }

  /** Difference to the network that is replayed, on the samples that were run. */
  #interval(): Estimate {
    const differences = Float64Array.from(
      this.#scores,
      ([index, score]) => score - this.#base.scores[index]!,
    );
    // Each look is a chance to stop on a fluke: together they hold 95 % (Bonferroni).
    const level = 1 - 0.05 / (this.#plan.looks?.length ?? 1);
    const interval = meanInterval(differences, level);
    return { value: moments(differences).mean, ...interval, n: differences.length };
  }
}

/**
 * The score of what a network gave for a sample.
 *
 * @throws {UserError} If an output is not finite, or the metric refuses; it names the sample.
 */
export function scoreAt(
  index: number,
  outputs: SampleOutputs,
  { replay: { base, dataset }, metric, float32 }: EffectSetup,
): number {
  requireFinite(outputs, base, dataset, index);
  const reference = float32.results![index]!;
  const inputs = float32.inputs?.[index];
  const sample = {
    ...{ outputs, reference, index },
    ...labelsOf(dataset, index, float32.masks?.[index]),
    ...(inputs && { inputs }),
  };
  return scoreOf(sample, metric, dataset);
}
