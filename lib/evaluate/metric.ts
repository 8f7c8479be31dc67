import type { MetricInfo } from "../record/metric_info.ts";
import type { Feeds, Tensor } from "../tensor/tensor.ts";

/**
 * What a metric is shown of one sample.
 * @category Measuring (advanced)
 */
export interface ScoredSample {
  /** What the network gave. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** What the float32 network gave for the same sample. */
  readonly reference: Readonly<Record<string, Tensor>>;
  /** Class of the sample; absent where it is not known. */
  readonly label?: number;
  /** Class of each position of the sample, -1 where it is not known; absent where none is. */
  readonly tokenLabels?: Int32Array;
  /** What the network was fed; only for a metric that sets `usesInputs`. */
  readonly inputs?: Feeds;
  /** Index of the sample in its data set. */
  readonly index: number;
}

/**
 * A measure of how good a network's outputs are. Any object of this shape will do. Its value over a
 * data set is the mean of its scores; how that is shown and judged is said by the fields of
 * {@linkcode MetricInfo}:
 *
 * - `name`, `unit`, `higherIsBetter`: required.
 * - `digits`: decimals shown. Without it 1 for a share, for others five significant digits.
 * - `share`: the scores are within 0..1 and their mean is a share, shown as 0..100: intervals are
 *   those of a proportion, and a drop is judged as it was measured. Without it true if the unit is
 *   `%`. If false, a drop is judged by the worse end of its interval.
 * - `perfect`: value of float32 against itself, for a metric of closeness to float32 (100 for a
 *   share). Without it the metric is taken for one that float32 itself can score badly.
 * - `about` and `needs`: what `--metric help` says of it.
 * - `maxDrop`: the drop accepted where the user gives none. Without it half a point for a share; for
 *   other metrics the user must give one.
 * - `signalToNoise`: whether the value is the SQNR of the outputs in dB. Without it, it is not.
 *
 * @example The share of samples whose label is among the two largest scores
 * ```ts
 * import { float32Tensor, type Metric } from "octavo";
 * import assert from "node:assert/strict";
 * const top2: Metric = {
 *   name: "top-2",
 *   unit: "%",
 *   digits: 1,
 *   higherIsBetter: true,
 *   usesLabels: true,
 *   score({ outputs, label }) {
 *     const scores = outputs.y!.data as Float32Array;
 *     return scores.filter((score) => score > scores[label!]!).length < 2 ? 1 : 0;
 *   },
 * };
 * const outputs = { y: float32Tensor([1, 3], [0.1, 0.7, 0.2]) };
 * assert.equal(top2.score({ outputs, reference: outputs, label: 2, index: 0 }), 1);
 * ```
 * @category Measuring
 */
export interface Metric extends Omit<MetricInfo, "share"> {
  /**
   * Whether it is a share, see {@linkcode MetricInfo.share}. @default {true if the unit is "%"}
   */
  readonly share?: boolean;
  /** What it measures, in a line: what `--metric help` says of it. */
  readonly about?: string;
  /** What it takes of a network or its samples, in a line. @default {nothing} */
  readonly needs?: string;
  /** Samples without a label are left out. @default {false} */
  readonly usesLabels?: boolean;
  /**
   * Whether it finds for itself which parts of the outputs belong together, so that a comparison of the
   * outputs place by place would mislead, and is left away. @default {false}
   */
  readonly isMatched?: boolean;
  /** Whether it looks at what the network was fed. @default {false} */
  readonly usesInputs?: boolean;
  /** Set where its value follows from sums over all samples, see {@linkcode Pooled}. */
  readonly pooled?: Pooled;
  /** Set where samples are looked at together, or the steps of a sequence, see {@linkcode Whole}. */
  readonly whole?: Whole;
  /**
   * Set where a score follows from the class that is chosen at each position of an output, and from
   * nothing else of the outputs: as long as no class changes, the score does not. @default {none}
   */
  readonly decidedBy?: ClassOptions;
  /**
   * Half the width of an interval that is narrow enough for an ablation, in the metric's unit.
   * @default {1 % of float32's value}
   */
  readonly resolution?: number;
  /**
   * Score of one sample; within 0..1 for a share. Undefined where it tells nothing, as where there is
   * nothing to be found: then it is left out. May throw an Error that says why not.
   */
  score(sample: ScoredSample): number | undefined;
}

/**
 * How a metric that is no mean of scores comes about: perplexity is a power of a mean, F1 a quotient of
 * counts. Its interval is the jackknife's, see `jackknife()`. `score` is then the value of a sample by itself.
 * @category Measuring (advanced)
 */
export interface Pooled {
  /** What a sample adds to the sums; all zeros where it tells nothing, and then it is left out. */
  tally(sample: ScoredSample): readonly number[];
  /** The value that follows from sums. A sum that no sample has is missing. */
  value(sums: readonly number[]): number;
}

/**
 * How a metric comes about that no sum over samples gives: it compares them with one another, or the steps of a
 * sequence with those before. `score` is then what comes nearest to it for a sample by itself.
 * @category Measuring (advanced)
 */
export interface Whole {
  /** What is to be kept of a sample; undefined where it tells nothing. */
  note(sample: ScoredSample): ArrayLike<number> | undefined;
  /**
   * A score for each unit, of which the metric's value is the mean; NaN for one without a score. A unit is a
   * sample, of a stream a sequence with the notes of its steps; none for those that tell nothing.
   */
  scores(units: readonly (readonly ArrayLike<number>[])[]): Float64Array;
}

/**
 * Where metrics of classes, such as {@linkcode top1} and {@linkcode agreement}, find these. Float outputs hold a
 * score for each class, and the class is the first of the largest; integer outputs are the class itself.
 * @category Measuring (advanced)
 */
export interface ClassOptions {
  /** Output that holds the classes. @default {the first float output with two classes or more, else the first integer one} */
  output?: string;
  /** Axis of the classes in a float output. @default {the last; two trailing ones of length 1 are left away} */
  axis?: number;
}

/**
 * Options for {@linkcode sqnr} and {@linkcode cosine}.
 * @category Measuring (advanced)
 */
export interface ClosenessOptions {
  /** Outputs to compare. @default {all float outputs, or all numeric ones if there are none} */
  outputs?: readonly string[];
}

/** Where metrics of embeddings find them. */
export interface EmbeddingOptions {
  /** Output that holds it. @default {the first float output} */
  output?: string;
  /** What is taken of an output for each token: the mean over them, or the first. @default {"mean"} */
  pooling?: "mean" | "first";
}

/**
 * Largest accepted drop of a share where nothing else is said, in points: below it int8 is commonly
 * called lossless, and some hundred samples can show it.
 */
const SHARE_MAX_DROP = 0.5;

/**
 * What a record keeps of a metric, with the defaults of {@linkcode Metric} filled in.
 *
 * @example
 * ```ts
 * import { infoOf } from "./metric.ts";
 * import assert from "node:assert/strict";
 * const info = infoOf({ name: "top-5", unit: "%", higherIsBetter: true });
 * assert.deepEqual([info.share, info.digits, info.maxDrop], [true, 1, 0.5]);
 * ```
 */
export function infoOf(metric: Omit<MetricInfo, "share"> & { share?: boolean }): MetricInfo {
  const { name, unit, higherIsBetter, perfect, signalToNoise, why } = metric;
  const share = isShare(metric);
  // A tenth of a point is what 500 to 2,000 samples resolve.
  const digits = metric.digits ?? (share ? 1 : undefined);
  const maxDrop = metric.maxDrop ?? (share ? SHARE_MAX_DROP : undefined);
  return {
    name,
    unit,
    ...(digits !== undefined && { digits }),
    higherIsBetter,
    share,
    ...(perfect !== undefined && { perfect }),
    ...(maxDrop !== undefined && { maxDrop }),
    ...(signalToNoise && { signalToNoise }),
    ...(why !== undefined && { why }),
  };
}

/** What a mean of scores is multiplied with to be a value of the metric: 100 for a share, else 1. */
export function scoreScale(metric: Pick<Metric, "unit" | "share">): number {
  return isShare(metric) ? 100 : 1;
}

/** Whether the metric is a share, see {@linkcode Metric}. */
export function isShare({ unit, share = unit === "%" }: Pick<Metric, "unit" | "share">): boolean {
  return share;
}

/**
 * A metric as the mean of what it is for each sample by itself: of F1 or perplexity that is another figure
 * than the one over all samples, but one that follows from a few of them.
 */
export function bySample(metric: Metric): Metric {
  if (!metric.pooled && !metric.whole) return metric;
  const { pooled: _pooled, whole: _whole, ...rest } = metric;
  return { ...rest, name: `${metric.name}, mean of samples` };
}
