import type { Dataset } from "../data/dataset.ts";
import { escapeHtml, JUPYTER_DISPLAY, type MimeBundle, table } from "../display.ts";
import { valueTypes } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import { openRuntime, type Runtime } from "../runtime/pool.ts";
import { machineFingerprint } from "../runtime/versions.ts";
import type { Estimate, MetricInfo } from "../record/metric_info.ts";
import type { Latency } from "../record/trial_record.ts";
import type { Feeds } from "../tensor/tensor.ts";
import { evaluate, type Evaluation, type OutputError } from "../evaluate/evaluate.ts";
import { latencyRatio } from "../evaluate/latency.ts";
import { defaultMetric } from "../evaluate/default_metric.ts";
import type { Metric } from "../evaluate/metric.ts";

/** Options for {@linkcode compare}. */
export interface CompareOptions {
  /** @default {top-1 with labels; without, see `defaultMetric()`} */
  metric?: Metric;
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
  signal?: AbortSignal;
  /** Called with the number of samples run so far, and of all: both models' unless one is known. */
  onProgress?: (done: number, all: number) => void;
}

/** What {@linkcode Comparison} knows of one of the two models. */
export interface ComparedModel {
  readonly name: string;
  /** The metric over the data set. */
  readonly value: Estimate;
  /** Size of the file. */
  readonly bytes: number;
}

/** A candidate against the float32 network. Shows itself in a notebook and prints as text. */
export class Comparison {
  readonly metric: MetricInfo;
  /** Name of the data set. */
  readonly data: string;
  readonly float32: ComparedModel;
  readonly candidate: ComparedModel;
  /** Candidate minus float32 on the same samples, in the metric's unit. */
  readonly difference: Estimate;
  /** Closeness of the outputs; absent where no output keeps its shape. */
  readonly outputs?: OutputError;
  /** Absent where it was not measured. */
  readonly latency?: Latency;

  constructor(fields: ComparisonFields) {
    this.metric = fields.metric;
    this.data = fields.data;
    this.float32 = fields.float32;
    this.candidate = fields.candidate;
    this.difference = fields.difference;
    if (fields.outputs) this.outputs = fields.outputs;
    if (fields.latency) this.latency = fields.latency;
  }

  /** A table, and under it what its numbers rest on. */
  toString(): string {
    return `${this.#table().text}\n${this.#notes().join("\n")}`;
  }

  /** For a notebook. */
  [JUPYTER_DISPLAY](): MimeBundle {
    const notes = this.#notes().map(escapeHtml).join("<br>");
    return { "text/html": `${this.#table().html}<p>${notes}</p>`, "text/plain": this.toString() };
  }

  /** The metric is closeness to float32, whose own is known: a point, which no estimate is. */
  get #isRelative(): boolean {
    return this.float32.value.low === this.float32.value.high;
  }

  #table() {
    const { metric, float32, candidate, difference, latency, outputs } = this;
    const [points, decimals] = [metric.unit === "%" ? "points" : metric.unit, decimalsOf(metric)];
    const unit = metric.unit && ` ${metric.unit}`;
    const show = (value: Estimate) => withInterval(value, (x) => decimal(x, decimals), unit);
    const change = withInterval(difference, (x) => signed(x, decimals + 1), points && ` ${points}`);
    const rows = [{
      "": metric.name,
      float32: this.#isRelative ? "" : show(float32.value),
      candidate: show(candidate.value),
      change: this.#isRelative ? "" : change,
    }];
    if (latency) {
      rows.push({
        "": "time",
        float32: `${Number(latency.baselineMs.toPrecision(3))} ms`,
        candidate: `${Number(latency.candidateMs.toPrecision(3))} ms`,
        change: `×${withInterval(latency.ratio, (x) => decimal(x, 2))}`,
      });
    }
    rows.push({
      "": "size",
      float32: kilobytes(float32.bytes),
      candidate: kilobytes(candidate.bytes),
      change: `×${decimal(candidate.bytes / float32.bytes, 2)}`,
    });
    if (outputs) {
      const closeness = outputs.sqnr === null
        ? "equal to the bit"
        : `SQNR ${decimal(outputs.sqnr, 1)} dB, cosine ${decimal(outputs.cosine, 5)}`;
      rows.push({ "": "outputs", float32: "", candidate: closeness, change: "" });
    }
    return table(rows);
  }

  #notes(): string[] {
    const { metric, float32, candidate, difference, latency } = this;
    const n = difference.n === 1 ? "1 sample" : `${difference.n} samples`;
    const notes = [
      `${candidate.name} against ${float32.name} on ${n} of ${this.data}; in brackets 95 % intervals.`,
    ];
    if (!this.#isRelative && difference.low <= 0 && difference.high >= 0) {
      notes.push(`The change of ${metric.name} is within noise.`);
    }
    if (latency) {
      const threads = latency.threads === 1 ? "1 thread" : `${latency.threads} threads`;
      const drift = latency.drifted ? " The machine's speed changed meanwhile: measure again." : "";
      notes.push(
        `Time: ${latency.rounds} rounds in turns, ${threads}, ${latency.machine}.${drift}`,
      );
    }
    return notes;
  }
}

/** The fields of a {@linkcode Comparison}. */
export type ComparisonFields = Pick<
  Comparison,
  "metric" | "data" | "float32" | "candidate" | "difference" | "outputs" | "latency"
>;

/**
 * Measures a candidate against the float32 network it was made from: accuracy on the same samples,
 * closeness of the outputs, time in turns, and size.
 *
 * The data set should be a test split: samples that neither calibrated nor chose the candidate.
 *
 * @throws {UserError} See `evaluate()`.
 */
export async function compare(
  float32: Model,
  candidate: Model,
  dataset: Dataset,
  options: CompareOptions = {},
): Promise<Comparison> {
  const { rounds = 15, timedSamples = 4, signal, onProgress } = options;
  const labelled = dataset.labels?.some((label) => label >= 0) ?? false;
  const metric = options.metric ?? defaultMetric(valueTypes(float32.graph).outputs, labelled);
  const runtime = options.runtime ?? openRuntime();
  try {
    const before = options.reference ? 0 : dataset.length;
    const all = before + dataset.length;
    const after = (before: number) => ({
      ...(signal && { signal }),
      ...(onProgress && { onProgress: (done: number) => onProgress(before + done, all) }),
    });
    const reference = options.reference ??
      await evaluate(runtime, float32, dataset, metric, undefined, after(0));
    const result = await evaluate(runtime, candidate, dataset, metric, reference, after(before));
    const samples: Feeds[] = [];
    for (let i = 0; i < Math.min(timedSamples, dataset.length); i++) {
      samples.push(await dataset.sample(i));
    }
    const times = samples.length > 0 &&
      await runtime.times([float32, candidate], samples, { rounds, ...(signal && { signal }) });
    return new Comparison({
      metric: result.metric,
      data: dataset.name,
      float32: describe(float32, reference.value),
      candidate: describe(candidate, result.value),
      difference: result.difference!,
      outputs: result.outputs,
      latency: times
        ? latencyRatio(times, { threads: runtime.threads, machine: machineFingerprint() })
        : undefined,
    });
  } finally {
    if (!options.runtime) runtime.close();
  }
}

function describe(model: Model, value: Estimate): ComparedModel {
  return { name: model.name, value, bytes: model.bytes().length };
}

function decimalsOf({ unit }: MetricInfo): number {
  return unit === "%" || unit === "dB" ? 1 : 4;
}

function withInterval({ value, low, high }: Estimate, show: (x: number) => string, unit = "") {
  return `${show(value)}${unit} [${show(low)}, ${show(high)}]`;
}

/** Fixed decimals, with a true minus sign and never "−0.0". */
function decimal(value: number, decimals: number): string {
  const text = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

function signed(value: number, decimals: number): string {
  const text = decimal(value, decimals);
  return value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

function kilobytes(bytes: number): string {
  return bytes < 1e5 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(2)} MB`;
}
