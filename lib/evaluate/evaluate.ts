import { UserError } from "../errors.ts";
import type { Dataset } from "../data/dataset.ts";
import { meanBySequence } from "../data/stream.ts";
import type { Model } from "../onnx/model.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { runDataset } from "../runtime/run_dataset.ts";
import type { Estimate, MetricInfo } from "../record/metric_info.ts";
import type { Trial } from "../record/trial_record.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { isFloat } from "./classes.ts";
import {
  addSums,
  comparable,
  cosineOf,
  noSums,
  sameShape,
  sqnrOf,
  type Sums,
} from "./closeness.ts";
import { estimateDifference, estimateMean } from "./estimate.ts";
import { moments } from "./interval.ts";
import { infoOf, isShare, type Metric, type ScoredSample, scoreScale } from "./metric.ts";

/** Closeness of all outputs to float32's, pooled over the samples. */
export type OutputError = NonNullable<Trial["outputs"]>;

/** A network, measured on a data set. */
export interface Evaluation {
  readonly metric: MetricInfo;
  /** The metric over the data set; a point where it is float32's closeness to itself. */
  readonly value: Estimate;
  /** Value minus the reference's, on the same samples. Absent without a reference. */
  readonly difference?: Estimate;
  /**
   * Closeness to the reference's outputs: for each float output over all its values and samples,
   * and of these the worst. Absent without a reference, or where no output keeps its shape.
   */
  readonly outputs?: OutputError;
  /**
   * Score of each sample, of a stream the mean of each sequence's, which is what can be called
   * independent; NaN where there was no label.
   */
  readonly scores: Float64Array;
  /** What the network gave for each sample. Only kept without a reference, to be one for others. */
  readonly results?: readonly Readonly<Record<string, Tensor>>[];
}

/** Options for {@linkcode evaluate}. */
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
 * @param metric How outputs are scored; `defaultMetric()` chooses one.
 * @param reference Float32's evaluation, on the same data set and metric.
 * @throws {UserError} If an output is NaN or infinite, a label is no class of the outputs, a score
 * is not finite, or the metric throws: each names the sample.
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
  const bySample = new Float64Array(dataset.length).fill(NaN);
  const results: Record<string, Tensor>[] = [];
  const closeness = new OutputCloseness();
  let index = 0;
  for await (const { results: outputs } of runDataset(runtime, model, dataset, options)) {
    requireFinite(outputs, model, dataset, index);
    const expected = reference?.results?.[index] ?? outputs;
    const label = dataset.labels?.[index] ?? -1;
    if (!metric.usesLabels || label >= 0) {
      const sample = { outputs, reference: expected, index, ...(label >= 0 && { label }) };
      bySample[index] = scoreOf(sample, metric, dataset);
    }
    if (reference) closeness.add(expected, outputs);
    else results.push(outputs);
    index++;
  }
  const scores = dataset.stream ? meanBySequence(dataset.stream, bySample) : bySample;
  if (scores.every(Number.isNaN)) {
    throw new UserError(
      `Cannot score ${dataset.name} with ${metric.name}: none of its ${dataset.length} samples ` +
        `has a label; bring labels, or choose a metric that needs none, such as agreement`,
    );
  }
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
  };
}

/** The network's value; float32's own closeness to itself is known, so its interval is a point. */
function estimateValue(
  scores: Float64Array,
  metric: MetricInfo,
  reference: Evaluation | undefined,
): Estimate {
  if (reference || metric.perfect === undefined) return estimateMean(scores, metric);
  const value = moments(scores).mean * scoreScale(metric);
  return { value, low: value, high: value, n: scores.length };
}

/** Closeness of a network's outputs to float32's, pooled over samples. */
class OutputCloseness {
  readonly #sums = new Map<string, Sums>();
  /** Outputs that had another shape than float32's in some sample. */
  readonly #misshapen = new Set<string>();

  add(
    reference: Readonly<Record<string, Tensor>>,
    outputs: Readonly<Record<string, Tensor>>,
  ): void {
    for (const name of comparable(reference)) {
      const [ours, theirs] = [outputs[name], reference[name]!];
      if (!ours || !sameShape(ours, theirs)) this.#misshapen.add(name);
      else {
        const sums = this.#sums.get(name) ?? noSums();
        this.#sums.set(name, sums);
        addSums(sums, theirs, ours);
      }
    }
  }

  /** The worst of the outputs by each measure; undefined where none keeps its shape. */
  worst(): OutputError | undefined {
    const sums = [...this.#sums].filter(([name]) => !this.#misshapen.has(name))
      .map(([, sums]) => sums);
    if (sums.length === 0) return undefined;
    return {
      sqnr: sums.every(({ noise }) => noise === 0) ? null : Math.min(...sums.map(sqnrOf)),
      cosine: Math.min(...sums.map(cosineOf)),
    };
  }
}

/**
 * Score of one sample.
 *
 * @throws {UserError} If the metric throws, or the score is not finite; it names the sample.
 */
export function scoreOf(sample: ScoredSample, metric: Metric, dataset: Dataset): number {
  const what = `Cannot score sample ${sample.index} of ${dataset.name} with ${metric.name}`;
  let score: number;
  try {
    score = metric.score(sample);
  } catch (error) {
    throw new UserError(`${what}: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
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

/** @throws {UserError} If an output is NaN or infinite; it names the sample. */
export function requireFinite(
  outputs: Readonly<Record<string, Tensor>>,
  model: Model,
  dataset: Dataset,
  index: number,
): void {
  for (const [name, { type, data }] of Object.entries(outputs)) {
    if (!isFloat(type)) continue;
    const values = data as Float32Array;
    for (let i = 0; i < values.length; i++) {
      if (Number.isFinite(values[i])) continue;
      throw new UserError(
        `Cannot evaluate ${model.name} on ${dataset.name}: its output "${name}" is ${values[i]} ` +
          `at element ${i} for sample ${index}; check that this sample is scaled as the network ` +
          `expects it`,
      );
    }
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
