import { reasonOf, UserError } from "../errors.ts";
import type { Dataset } from "../data/dataset.ts";
import { tokenMask, withoutPadding } from "../data/padding.ts";
import { meanBySequence } from "../data/stream.ts";
import type { Model } from "../onnx/model.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { runDataset } from "../runtime/run_dataset.ts";
import type { Estimate, MetricInfo } from "../record/metric_info.ts";
import { freezeRandom } from "../passes/freeze_random.ts";
import type { Feeds, Tensor } from "../tensor/tensor.ts";
import { isFloat } from "./classes.ts";
import { estimateDifference, estimateMean } from "./estimate.ts";
import { isLabelled, labelledCount, labelsOf } from "./labels_of.ts";
import { moments } from "./interval.ts";
import { jackknife, sumOf } from "./jackknife.ts";
import {
  infoOf,
  isShare,
  type Metric,
  type ScoredSample,
  scoreScale,
  type Whole,
} from "./metric.ts";
import type { OutputError } from "../record/trial_record.ts";
import { OutputCloseness } from "./output_closeness.ts";

/**
 * A network, measured on a data set.
 * @category Measuring
 */
export interface Evaluation {
  /** What it was measured by. */
  readonly metric: MetricInfo;
  /** The metric over the data set; a point where it is float32's closeness to itself. */
  readonly value: Estimate;
  /** Value minus the reference's, on the same samples. Absent without a reference. */
  readonly difference?: Estimate;
  /**
   * Closeness to the reference's outputs: for each float output over all its values and samples,
   * and of these the worst. Absent without a reference, where no output keeps its shape, and beside a
   * metric that matches parts of the outputs by itself.
   */
  readonly outputs?: OutputError;
  /**
   * Score of each sample, of a stream the mean of each sequence's, which is what can be called
   * independent; NaN where there was no label, or nothing to score. Of a pooled metric see `jackknife()`.
   */
  readonly scores: Float64Array;
  /** What the network gave for each sample. Only kept without a reference, to be one for others. */
  readonly results?: readonly Readonly<Record<string, Tensor>>[];
  /** What the network was fed. Only kept beside `results`, for a metric that looks at it. */
  readonly inputs?: readonly Feeds[];
  /**
   * Which positions of a sample are no padding, where its mask says that some are: outputs and inputs are cut to
   * those. Only kept beside `results`, for the samples that have any.
   */
  readonly masks?: readonly (readonly boolean[] | undefined)[];
}

/**
 * Options for {@linkcode evaluate}.
 * @category Measuring (advanced)
 */
export interface EvaluateOptions {
  /** Ends the work early; the promise is then rejected with the signal's reason. */
  signal?: AbortSignal;
  /** Called with the number of samples done. */
  onProgress?: (done: number) => void;
}

/**
 * Runs a network over a data set and scores what it gives, sample by sample. On a stream it is fed
 * its own state, and the estimates are over sequences.
 *
 * Without `reference` the network is its own: evaluate float32 so, once, and hand the result over for
 * each candidate. It holds float32's outputs of all samples, so its memory is theirs.
 *
 * Random nodes give the same noise in every network and every run here, from a fixed seed: else two runs
 * of float32 would differ as much as int8 does.
 *
 * @param metric How outputs are scored, e.g. {@linkcode top1}, {@linkcode agreement}, {@linkcode sqnr}.
 * @param reference Float32's evaluation, on the same data set and metric.
 * @throws {UserError} If an output is NaN, or holds nothing finite; a label is no class of the outputs; a
 * score is not finite; or the metric throws: each names the sample.
 * @example Float32 once, and a candidate against it
 * ```ts
 * import { arrays, evaluate, float32Tensor, openRuntime, sqnr } from "octavo";
 * import { parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const scaled = (by: number) =>
 *   parseModel(`
 *     input x float32[N, 2]
 *     output y float32[N, 2]
 *     tensor s float32[1] = [${by}]
 *     y = Mul(x, s)`);
 * const data = arrays({ x: float32Tensor([2, 2], [1, 2, 3, 4]) });
 * await using runtime = openRuntime({ workers: 0 }); // in this thread: more suit real networks
 * const float32 = await evaluate(runtime, scaled(1.5), data, sqnr());
 * const { value } = await evaluate(runtime, scaled(1.65), data, sqnr(), float32);
 * assert.equal(value.value.toFixed(1), "20.0"); // dB: a tenth off in amplitude
 * ```
 * @category Measuring
 */
export async function evaluate(
  runtime: Runtime,
  model: Model,
  dataset: Dataset,
  metric: Metric,
  reference?: Evaluation,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  if (reference && reference.results?.length !== dataset.length) {
    throw new RangeError(
      `Cannot evaluate ${model.name} on the ${dataset.length} samples of ${dataset.name}: the ` +
        `reference holds the outputs of ${reference.results?.length ?? 0}`,
    );
  }
  const scorer = new Scorer(metric, dataset);
  const results: Record<string, Tensor>[] = [];
  const fed: Feeds[] = [];
  const masks: (readonly boolean[])[] = [];
  const closeness = new OutputCloseness();
  let index = 0;
  for await (
    const { feeds, results: whole } of runDataset(runtime, freezeRandom(model), dataset, options)
  ) {
    const mask = tokenMask(feeds);
    const outputs = withoutPadding(whole, mask);
    requireFinite(outputs, model, dataset, index);
    const expected = reference?.results?.[index] ?? outputs;
    const inputs = metric.usesInputs ? withoutPadding(feeds, mask) : undefined;
    scorer.add({ outputs, reference: expected, index, ...(inputs && { inputs }) }, mask);
    if (reference) {
      if (!metric.isMatched) closeness.add(expected, outputs);
    } else {
      results.push(outputs);
      if (inputs) fed.push(inputs);
      if (mask) masks[index] = mask;
    }
    index++;
  }
  const scores = scorer.scores();
  const worst = closeness.worst();
  const info = infoOf(metric);
  return {
    metric: info,
    value: explain(() => estimateValue(scores, info, reference), metric, dataset),
    ...(reference && {
      difference: explain(
        () => estimateDifference(scores, reference.scores, info),
        metric,
        dataset,
      ),
    }),
    ...(worst && { outputs: worst }),
    scores,
    ...(!reference && { results }),
    ...(!reference && metric.usesInputs && { inputs: fed }),
    ...(masks.length > 0 && { masks }),
  };
}

/** Scores the samples of a data set, one after the other. */
class Scorer {
  readonly #metric: Metric;
  readonly #dataset: Dataset;
  readonly #scores: Float64Array;
  /** What a metric keeps of samples, if it is no mean of their scores. */
  readonly #notes: (ArrayLike<number> | undefined)[] = [];

  constructor(metric: Metric, dataset: Dataset) {
    this.#metric = metric;
    this.#dataset = dataset;
    this.#scores = new Float64Array(dataset.length).fill(NaN);
  }

  /** @param mask Which of its positions are no padding; absent where all are. */
  add(seen: Omit<ScoredSample, "label" | "tokenLabels">, mask?: readonly boolean[]): void {
    const { index } = seen;
    const metric = this.#metric;
    if (metric.usesLabels && !isLabelled(this.#dataset, index)) return;
    const sample: ScoredSample = { ...seen, ...labelsOf(this.#dataset, index, mask) };
    if (metric.whole) {
      this.#notes[index] = guarded(metric.whole.note, sample, metric, this.#dataset);
    } else if (metric.pooled) {
      this.#notes[index] = guarded(metric.pooled.tally, sample, metric, this.#dataset);
    } else this.#scores[index] = scoreOf(sample, metric, this.#dataset);
  }

  /** One for each sample, of a stream for each sequence. */
  scores(): Float64Array {
    const { stream, length } = this.#dataset;
    const { pooled, whole } = this.#metric;
    let scores = this.#scores;
    if (pooled || whole) {
      const lengths = stream?.lengths ?? Array<number>(length).fill(1);
      const units = this.#bySequence(lengths);
      scores = whole ? this.#together(whole, units) : jackknife(units.map(sumOf), pooled!.value);
    } else if (stream) scores = meanBySequence(stream, scores);
    if (scores.every(Number.isNaN)) throw new UserError(this.#whyNothing());
    return scores;
  }

  #together(whole: Whole, units: readonly (readonly ArrayLike<number>[])[]): Float64Array {
    try {
      return whole.scores(units);
    } catch (error) {
      const { name } = this.#dataset;
      throw new UserError(`Cannot score ${name} with ${this.#metric.name}: ${reasonOf(error)}`, {
        cause: error,
      });
    }
  }

  /** The notes of each sequence, without the samples of which there are none. */
  #bySequence(lengths: readonly number[]): ArrayLike<number>[][] {
    let start = 0;
    return lengths.map((steps) => {
      const notes = Array.from({ length: steps }, (_, i) => this.#notes[start + i]);
      start += steps;
      return notes.filter((note) => note !== undefined);
    });
  }

  #whyNothing(): string {
    const { name, length } = this.#dataset;
    const what = `Cannot score ${name} with ${this.#metric.name}: none of its ${length} samples `;
    return this.#metric.usesLabels && labelledCount(this.#dataset) === 0
      ? `${what}has a label; bring labels, or choose a metric that needs none, such as agreement`
      : `${what}gives anything to compare, as the outputs are empty; bring samples in which the ` +
        `network finds something`;
  }
}

/** The network's value; float32's own closeness to itself is known, so its interval is a point. */
function estimateValue(
  scores: Float64Array,
  metric: MetricInfo,
  reference: Evaluation | undefined,
): Estimate {
  if (reference || metric.perfect === undefined) return estimateMean(scores, metric);
  const scored = scores.filter((score) => !Number.isNaN(score));
  const value = moments(scored).mean * scoreScale(metric);
  return { value, low: value, high: value, n: scored.length };
}

/**
 * Score of one sample; NaN where it tells nothing.
 *
 * @throws {UserError} If the metric throws, or the score is not finite; it names the sample.
 */
export function scoreOf(sample: ScoredSample, metric: Metric, dataset: Dataset): number {
  const score = guarded((sample) => metric.score(sample), sample, metric, dataset);
  if (score === undefined) return NaN;
  const what = cannotScore(sample, metric, dataset);
  if (typeof score !== "number" || !Number.isFinite(score)) {
    throw new UserError(`${what}: the score must be a finite number, got ${score}`);
  }
  if (isShare(metric) && (score < 0 || score > 1)) {
    throw new UserError(
      `${what}: the score of a share (a metric in %) must be within 0..1, got ${score}`,
    );
  }
  return score;
}

/** Has a metric look at a sample; what it throws names the sample. */
function guarded<T>(
  look: (sample: ScoredSample) => T,
  sample: ScoredSample,
  metric: Metric,
  dataset: Dataset,
): T {
  try {
    return look(sample);
  } catch (error) {
    throw new UserError(`${cannotScore(sample, metric, dataset)}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

function cannotScore({ index }: ScoredSample, { name }: Metric, dataset: Dataset): string {
  return `Cannot score sample ${index} of ${dataset.name} with ${name}`;
}

/**
 * Refuses what says that a sample does not suit a network: NaN, or an output in which nothing is finite but
 * something is Infinity. An infinity among finite values is a mask, as of tokens that must not be chosen.
 *
 * @throws {UserError} It names the sample.
 */
export function requireFinite(
  outputs: Readonly<Record<string, Tensor>>,
  model: Model,
  dataset: Dataset,
  index: number,
): void {
  for (const [name, { type, data }] of Object.entries(outputs)) {
    if (!isFloat(type)) continue;
    const values = data as Float32Array;
    let wrong = -1;
    let isFinite = false;
    for (let i = 0; i < values.length; i++) {
      if (Number.isFinite(values[i])) isFinite = true;
      else if (Number.isNaN(values[i])) {
        wrong = i;
        isFinite = false;
        break;
      } else if (values[i] === Infinity && wrong < 0) wrong = i;
    }
    if (wrong < 0 || isFinite) continue;
    throw new UserError(
      `Cannot evaluate ${model.name} on ${dataset.name}: its output "${name}" is ${
        values[wrong]
      } ` +
        `at element ${wrong} for sample ${index}; check that this sample is scaled as the network ` +
        `expects it`,
    );
  }
}

/** Gives a statistic's refusal of too few samples the data set's name. */
function explain(estimate: () => Estimate, metric: Metric, dataset: Dataset): Estimate {
  try {
    return estimate();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const advice = dataset.stream
      ? "; the steps of a sequence count as one sample, so cut the stream into more sequences"
      : "";
    throw new UserError(`${error.message} (${metric.name} on ${dataset.name})${advice}`, {
      cause: error,
    });
  }
}
