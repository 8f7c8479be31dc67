import type { Dataset } from "../data/dataset.ts";
import { JUPYTER_DISPLAY, type MimeBundle } from "../display.ts";
import { Model } from "../onnx/model.ts";
import { openRuntime } from "../runtime/open_runtime.ts";
import { countNodes } from "../runtime/count_nodes.ts";
import type { Runtime, RuntimeChoice } from "../runtime/runtime.ts";
import { timingCases } from "../runtime/timing_cases.ts";
import type { ColdStartRecord } from "../record/cold_start.ts";
import type { Estimate, MetricInfo } from "../record/metric_info.ts";
import type { ComparedModel, ComparisonRecord } from "../record/comparison_record.ts";
import { showComparison } from "../report/comparison.ts";
import { baselineWords, type GivenRecord } from "../record/given_record.ts";
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
import { givenBeside } from "./study_network.ts";

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
   * The first network's own evaluation on the same data set and metric, as `evaluate()` returns it: several
   * candidates share it, and that network is not run again for each. Or, where the first is a file that is int8
   * already, the float32 network that outputs of both are compared with. @default {the first is evaluated}
   */
  reference?: Evaluation | Model;
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
 * A candidate against the network it was made from, as {@linkcode compare} measured it. Shows itself in a
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
  /** What that network is, where it is int8 already; absent: it is float32. */
  readonly given?: GivenRecord;
  /** The same of what was made of it. */
  readonly candidate: ComparedModel;
  /** Candidate minus what accuracy is against, on the same samples, in the metric's unit. */
  readonly difference: Estimate;
  /** Closeness of the outputs to those; absent where no output keeps its shape. */
  readonly outputs?: OutputError;
  /** Time against the network as given, both in turns; absent where it was not measured. */
  readonly latency?: Latency;
  /** What a page waits for at its first visit; absent where it was not measured. */
  readonly coldStart?: ColdStartRecord;
  /** What accuracy is against says itself against samples, labels or metric, in sentences; absent where nothing does. */
  readonly notes?: string[];

  /** Shows a comparison that was stored: `new Comparison(JSON.parse(text))`. */
  constructor(record: ComparisonRecord) {
    this.metric = record.metric;
    this.data = record.data;
    this.float32 = record.float32;
    if (record.given) this.given = record.given;
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
 * Measures a candidate against the network it was made from: accuracy on the same samples, closeness of the
 * outputs, time in turns, and size. That network is float32, or a file that is int8 already; then
 * `options.reference` can be the float32 network that outputs of both are compared with.
 *
 * The data set should be a test split: samples that neither calibrated nor chose the candidate.
 *
 * @throws {UserError} See `evaluate()`; if a network is given as reference that is int8 itself, has other
 * inputs or outputs, or stands beside one that is float32.
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
  options: InRuntime,
): Promise<ComparisonRecord> {
  const { runtime, rounds = 15, timedSamples: count = 4, coldRounds = 6, signal } = options;
  const { first, result, given, notes } = await measureAccuracy(
    float32,
    candidate,
    dataset,
    options,
  );
  const running = { model: float32, runtime, count, lengths: options.atLengths, signal };
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
    float32: {
      ...await describe(runtime, float32, first.value),
      ...(first.outputs && { outputs: first.outputs }),
    },
    ...(given && { given }),
    candidate: await describe(runtime, candidate, result.value),
    difference: result.difference!,
    ...(result.outputs && { outputs: result.outputs }),
    ...(latencies.length > 0 && { latency: latencyAt(latencies) }),
    ...(coldStart && { coldStart }),
    ...(notes.length > 0 && { notes }),
  };
}

type InRuntime = CompareOptions & { readonly runtime: Runtime };

/** What both networks make of a data set, against the first, or against a third. */
async function measureAccuracy(
  model: Model,
  candidate: Model,
  dataset: Dataset,
  options: InRuntime,
) {
  const { runtime, signal, onProgress, reference } = options;
  const third = reference instanceof Model ? reference : undefined;
  const known = reference instanceof Model ? undefined : reference;
  const given = await givenBeside(model, third);
  const metric = await metricFor(model, dataset, { metric: options.metric, runtime, signal });
  const all = (third ? 3 : known ? 1 : 2) * dataset.length;
  let before = 0;
  const run = async (one: Model, against?: Evaluation) => {
    const from = before;
    before += dataset.length;
    return await evaluate(runtime, one, dataset, metric, against, {
      ...(signal && { signal }),
      ...(onProgress && { onProgress: (done: number) => onProgress(from + done, all) }),
    });
  };
  const against = known ?? await run(third ?? model);
  const name = baselineWords({ given }).outputs;
  const notes = await baselineNotes(third ?? model, dataset, metric, { ...against, name });
  return {
    ...{ given, notes },
    first: third ? await run(model, against) : against,
    result: await run(candidate, against),
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
