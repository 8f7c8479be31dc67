import { withoutPadding } from "../data/padding.ts";
import type { Effect } from "../record/ablation_record.ts";
import { type Baseline, baselineOf, type EffectSetup, type SampleOutputs } from "./effect_setup.ts";
import type { Variant } from "./replay.ts";
import { leadOf, type SamplePlan, samplePlan } from "./sample_plan.ts";
import { scoreAt, Screening } from "./screening.ts";

/** What a variant was measured to do. */
export interface MeasuredEffect<V extends Variant = Variant> {
  readonly variant: V;
  readonly effect: Effect;
  /** Why it could not be measured, if so. */
  readonly cause?: Error;
}

/**
 * Measures what variants of a network do to a metric, on no more samples than it takes:
 *
 * - A metric that follows from the chosen classes (top-1, agreement) can change only on samples whose
 *   class does. Some samples, drawn at random, tell how far a variant moves the lead of a class. After
 *   that only samples whose lead is at most {@linkcode safeMargin} are run, and all others count as
 *   unchanged; the effect is over all samples. This assumes of those that did not run that none of them
 *   is moved further than that.
 * - Other metrics are looked at up to three times: on the first samples, on four times as many, on all.
 *   A variant is done when its interval is narrow enough, or tells its direction at a quarter of its
 *   size. Intervals are of 98.3 %, so that three looks together hold 95 % (Bonferroni).
 *
 * Closeness of the outputs is over the samples drawn at random.
 *
 * @returns Effects in the order in which they are known. A variant that fails has its reason, and the
 * others go on.
 * @example
 * ```ts ignore
 * const replay = await Replay.open(float32Model, data.selection, runtime);
 * const float32 = await evaluate(runtime, float32Model, data.selection, metric);
 * const variants = layers.map((layer) => ({ key: layer.name, make: () => onlyInt8(layer) }));
 * const setup = { replay, metric, float32, resolution: 1 };
 * for await (const { variant, effect } of measureEffects(setup, variants)) {
 *   console.log(variant.key, effect.difference);
 * }
 * ```
 */
export async function* measureEffects<V extends Variant>(
  setup: EffectSetup,
  variants: readonly V[],
): AsyncGenerator<MeasuredEffect<V>, void, void> {
  const base = setup.base ?? baselineOf(setup.float32);
  const plan = samplePlan(setup);
  const open = new Map(
    variants.map((variant) => [variant, new Screening(variant, setup, base, plan)]),
  );
  while (open.size > 0) {
    const wanted = new Set([...open.values()].flatMap((screening) => [...screening.wanted]));
    const samples = plan.order.filter((index) => wanted.has(index));
    await runBase(samples, setup, base, plan);
    const wants = (variant: V, sample: number) => open.get(variant)?.wanted.has(sample) ?? false;
    const runs = setup.replay.run(samples, [...open.keys()], wants);
    for await (const { variant, samples, results, error } of runs) {
      const screening = open.get(variant);
      if (!screening) continue; // it failed on other samples
      if (error) screening.error ??= error;
      else screening.take(samples, samples.map((index, i) => cut(results[i]!, index, setup)));
      if (screening.wanted.size > 0) continue;
      open.delete(variant);
      const { error: cause } = screening;
      yield { variant, effect: screening.effect(), ...(cause && { cause }) };
    }
  }
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
  const results = new Map<number, SampleOutputs>();
  const onOutputs = (index: number, outputs: SampleOutputs, score: number) => {
    scores[index] = score;
    results.set(index, outputs);
  };
  for await (const { effect, cause } of measureEffects({ ...setup, onOutputs }, [variant])) {
    if (cause) throw cause;
    return { effect, base: { scores, results, moved: effect.margin ?? 0 } };
  }
  throw new Error("A variant was not measured");
}

/** Runs the network that is replayed where that was not needed before. */
async function runBase(
  samples: readonly number[],
  setup: EffectSetup,
  base: Baseline,
  { margins }: SamplePlan,
): Promise<void> {
  const missing = samples.filter((index) => !base.results.has(index));
  const outputs = missing.length > 0 ? await setup.replay.outputs(missing) : [];
  missing.forEach((index, i) => {
    const result = cut(outputs[i]!, index, setup);
    base.results.set(index, result);
    base.scores[index] = scoreAt(index, result, setup);
    if (margins) margins[index] = leadOf(index, base, setup, setup.metric.decidedBy!);
  });
}

/** What a network gave for a sample, without its padding, as float32's outputs are. */
function cut(outputs: SampleOutputs, index: number, { float32 }: EffectSetup): SampleOutputs {
  return withoutPadding(outputs, float32.masks?.[index]);
}
