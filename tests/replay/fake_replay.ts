import type { Evaluation } from "../../lib/evaluate/evaluate.ts";
import { scoreOf } from "../../lib/evaluate/evaluate.ts";
import { infoOf, type Metric } from "../../lib/evaluate/metric.ts";
import type { EffectSetup, SampleOutputs } from "../../lib/replay/effect_setup.ts";
import type { Variant } from "../../lib/replay/replay.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { modelOf } from "../quantize/fixture.ts";

/** What a network gives for a sample; an Error where it fails. */
export type Given = SampleOutputs | Error;

/** An output `y` of one row: a value, or the scores of classes. */
export function row(...values: number[]): SampleOutputs {
  return { y: float32([1, values.length], values) };
}

/** A variant by name; nobody makes its network. */
export function variant(key: string): Variant {
  return {
    key,
    make: () => {
      throw new Error("a network that is not needed");
    },
  };
}

/** A stand-in for a `Replay`, and what was asked of it. */
export interface FakeReplay {
  readonly replay: EffectSetup["replay"];
  /** Samples that each variant was run on, by its key, in order. */
  readonly ran: Map<string, number[]>;
  /** Samples that the network itself was run on. */
  readonly baseRan: number[];
}

/**
 * Answers with outputs that are given for each sample; refuses to run a variant twice on one.
 *
 * @param base Of the network that is replayed.
 * @param variants Of each variant, by its key.
 * @param options.chunk Samples whose values "fit into memory". @default {all}
 */
export function fakeReplay(
  base: readonly SampleOutputs[],
  variants: Readonly<Record<string, readonly Given[]>>,
  { labels, chunk = Infinity }: { labels?: readonly number[]; chunk?: number } = {},
): FakeReplay {
  const ran = new Map<string, number[]>();
  const baseRan: number[] = [];
  const dataset = {
    name: "made up",
    length: base.length,
    ...(labels && { labels: Int32Array.from(labels) }),
    sample: () => ({}),
    hash: () => Promise.resolve(""),
  };
  const replay: EffectSetup["replay"] = {
    base: modelOf("graph g\n input x float32[1]\n output y float32[1]\n y = Exp(x)"),
    dataset,
    outputs(samples) {
      baseRan.push(...samples);
      return Promise.resolve(samples.map((index) => ({ ...base[index]! })));
    },
    async *run(samples, wanted, wants = () => true) {
      for (let start = 0; start < samples.length; start += chunk) {
        for (const variant of wanted) {
          const own = samples.slice(start, start + chunk).filter((i) => wants(variant, i));
          if (own.length === 0) continue;
          const before = ran.get(variant.key) ?? [];
          const twice = own.filter((index) => before.includes(index));
          if (twice.length > 0) throw new Error(`${variant.key} is run twice on ${twice}`);
          ran.set(variant.key, [...before, ...own]);
          const given = await Promise.resolve(own.map((index) => variants[variant.key]![index]!));
          const error = given.find((one) => one instanceof Error);
          const unchanged = own.map((index) => base[index]!);
          if (error) yield { variant, samples: own, results: [], unchanged, error };
          else yield { variant, samples: own, results: given as SampleOutputs[], unchanged };
        }
      }
    },
  };
  return { replay, ran, baseRan };
}

/** The evaluation of float32, from its outputs. */
export function evaluationOf(
  results: readonly SampleOutputs[],
  metric: Metric,
  { dataset }: EffectSetup["replay"],
): Evaluation {
  const scores = Float64Array.from(results, (outputs, index) => {
    const label = dataset.labels?.[index] ?? -1;
    if (metric.usesLabels && label < 0) return NaN;
    const sample = { outputs, reference: outputs, index, ...(label >= 0 && { label }) };
    return scoreOf(sample, metric, dataset);
  });
  const value = { value: NaN, low: NaN, high: NaN, n: results.length }; // nothing here reads it
  return { metric: infoOf(metric), value, scores, results };
}
