import type { Dataset } from "../data/dataset.ts";
import { JUPYTER_DISPLAY, type MimeBundle } from "../display.ts";
import type { Model } from "../onnx/model.ts";
import { openRuntime } from "../runtime/open_runtime.ts";
import { countNodes } from "../runtime/count_nodes.ts";
import type { Runtime, RuntimeChoice } from "../runtime/runtime.ts";
import { timingCases } from "../runtime/timing_cases.ts";
import type { ColdStartRecord } from "../record/cold_start.ts";
import type { Estimate, MetricInfo } from "../record/metric_info.ts";
import type { ComparedModel, ComparisonRecord } from "../record/comparison_record.ts";
import { showComparison } from "../report/comparison.ts";
import type { Latency, OutputError } from "../record/trial_record.ts";
import { evaluate, type Evaluation } from "../evaluate/evaluate.ts";
import { downloadSizes } from "../evaluate/download_sizes.ts";
import { measureColdStart } from "../evaluate/measure_cold_start.ts";
import { latencyRatio } from "../evaluate/latency.ts";
import { latencyAt, type LatencyOfCase } from "../evaluate/latency_at.ts";
import { timingConditions } from "../evaluate/timing_conditions.ts";
import { baselineNotes } from "../evaluate/baseline_notes.ts";
import type { Metric } from "../evaluate/metric.ts";
import { metricFor } from "../evaluate/metric_for.ts";

/**
 * Options for {@linkcode compare}.
 * @category Measuring
 */
export interface CompareOptions extends RuntimeChoice {
  /** A metric, or its name: `"sqnr"`. @default {top-1 with labels, else what suits the outputs} */
  metric?: Metric | string;
  /** Workers to run on. @default {a runtime of its own, closed at the end} */
  runtime?: Runtime;
  /**
   * Float32's own evaluation on the same data set and metric, as `evaluate()` returns it: several
   * candidates share it, and float32 is not run again for each. @default {it is evaluated}
   */
  reference?: Evaluation;
  /** Rounds of the latency measurement, in each of which both models have a turn. @default {15} */
  rounds?: number;
  /** Samples that take turns in it; 0 leaves it out. @default {4} */
  timedSamples?: number;
  /** Lengths of samples to measure latency at, in positions. @default {the first samples as they come} */
  atLengths?: readonly number[];
  /**
   * Workers per model in which it is measured what a page waits for at its first visit: half a second
   * each. 0 leaves it out. @default {6}
   */
  coldRounds?: number;
  /** Ends the work early: the promise is then rejected with the signal's reason. */
  signal?: AbortSignal;
  /** Called with the number of samples run so far, and of all: both models' unless one is known. */
  onProgress?: (done: number, all: number) => void;
}

/**
 * A candidate against the float32 network, as {@linkcode compare} measured it. Shows itself in a
 * notebook and prints as text; its fields are plain JSON.
 * @category Measuring
 */
export class Comparison implements ComparisonRecord {
  /** What accuracy was measured by. */
  readonly metric: MetricInfo;
  /** Name of the data set. */
  readonly data: string;
  /** The network as given: value of the metric, bytes of the file. */
  readonly float32: ComparedModel;
  /** The same of what was made of it. */
  readonly candidate: ComparedModel;
  /** Candidate minus float32 on the same samples, in the metric's unit. */
  readonly difference: Estimate;
  /** Closeness of the outputs; absent where no output keeps its shape. */
  readonly outputs?: OutputError;
  /** Time against float32, both in turns; absent where it was not measured. */
  readonly latency?: Latency;
  /** What a page waits for at its first visit; absent where it was not measured. */
  readonly coldStart?: ColdStartRecord;
  /** What float32 itself says against samples, labels or metric, in sentences; absent where nothing does. */
  readonly notes?: string[];

  /** Shows a comparison that was stored: `new Comparison(JSON.parse(text))`. */
  constructor(record: ComparisonRecord) {
    this.metric = record.metric;
    this.data = record.data;
    this.float32 = record.float32;
    this.candidate = record.candidate;
    this.difference = record.difference;
    if (record.outputs) this.outputs = record.outputs;
    if (record.latency) this.latency = record.latency;
    if (record.coldStart) this.coldStart = record.coldStart;
    if (record.notes) this.notes = record.notes;
  }

  /** A table, and under it what its numbers rest on. */
  toString(): string {
    return String(showComparison(this));
  }

  /** @ignore */
  [JUPYTER_DISPLAY](): MimeBundle {
    return showComparison(this)[JUPYTER_DISPLAY]();
  }
}

/**
 * Measures a candidate against the float32 network it was made from: accuracy on the same samples,
 * closeness of the outputs, time in turns, and size.
 *
 * The data set should be a test split: samples that neither calibrated nor chose the candidate.
 *
 * @throws {UserError} See `evaluate()`.
 * @example Without times, which take seconds
 * ```ts
 * import { arrays, compare, float32Tensor, sqnr } from "octavo";
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
 * const comparison = await compare(scaled(1.5), scaled(1.65), data, {
 *   metric: sqnr(),
 *   timedSamples: 0,
 *   coldRounds: 0,
 * });
 * assert.equal(comparison.candidate.value.value.toFixed(1), "20.0"); // dB
 * ```
 * @category Measuring
 */
export async function compare(
  float32: Model,
  candidate: Model,
  dataset: Dataset,
  options: CompareOptions = {},
): Promise<Comparison> {
  const { ort, binary, runtime = openRuntime({ ort, binary }) } = options;
  try {
    return new Comparison(await measure(float32, candidate, dataset, { ...options, runtime }));
  } finally {
    if (!options.runtime) runtime.close();
  }
}

/** {@linkcode compare} on given workers, as a plain record. */
async function measure(
  float32: Model,
  candidate: Model,
  dataset: Dataset,
  options: CompareOptions & { readonly runtime: Runtime },
): Promise<ComparisonRecord> {
  const { runtime, rounds = 15, timedSamples: timedCount = 4, coldRounds = 6 } = options;
  const { signal, onProgress } = options;
  const metric = await metricFor(float32, dataset, { metric: options.metric, runtime, signal });
  const before = options.reference ? 0 : dataset.length;
  const all = before + dataset.length;
  const after = (before: number) => ({
    ...(signal && { signal }),
    ...(onProgress && { onProgress: (done: number) => onProgress(before + done, all) }),
  });
  const reference = options.reference ??
    await evaluate(runtime, float32, dataset, metric, undefined, after(0));
  const notes = await baselineNotes(float32, dataset, metric, reference);
  const result = await evaluate(runtime, candidate, dataset, metric, reference, after(before));
  const running = {
    model: float32,
    runtime,
    count: timedCount,
    lengths: options.atLengths,
    signal,
  };
  const latencies: LatencyOfCase[] = [];
  const cases = await timingCases(dataset, running);
  for (const { samples, ...named } of cases) {
    const times = await runtime.times([float32, candidate], samples, {
      rounds,
      ...(signal && { signal }),
    });
    latencies.push({ ...named, latency: latencyRatio(times, await timingConditions(runtime)) });
  }
  const sample = cases[0]?.samples[0];
  const coldStart = sample &&
    await measureColdStart(runtime, float32, candidate, sample, { rounds: coldRounds, signal });
  return {
    metric: result.metric,
    data: dataset.name,
    float32: await describe(runtime, float32, reference.value),
    candidate: await describe(runtime, candidate, result.value),
    difference: result.difference!,
    ...(result.outputs && { outputs: result.outputs }),
    ...(latencies.length > 0 && { latency: latencyAt(latencies) }),
    ...(coldStart && { coldStart }),
    ...(notes.length > 0 && { notes }),
  };
}

async function describe(
  runtime: Runtime,
  model: Model,
  value: Estimate,
): Promise<ComparedModel> {
  const bytes = model.bytes();
  return {
    ...{ name: model.name, value, bytes: bytes.length, download: await downloadSizes(bytes) },
    nodes: countNodes(model, await runtime.optimized(model)),
  };
}
