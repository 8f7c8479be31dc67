import { commandName } from "../../lib/command_name.ts";
import type { Dataset } from "../../lib/data/dataset.ts";
import { UserError } from "../../lib/errors.ts";
import { baselineNotes } from "../../lib/evaluate/baseline_notes.ts";
import { evaluate, type Evaluation } from "../../lib/evaluate/evaluate.ts";
import { type Limits, requireLimits } from "../../lib/evaluate/limits.ts";
import { measureColdStart } from "../../lib/evaluate/measure_cold_start.ts";
import { infoOf, type Metric } from "../../lib/evaluate/metric.ts";
import { metricFor } from "../../lib/evaluate/metric_for.ts";
import { valueTypes } from "../../lib/onnx/graph.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { givenOf } from "../../lib/quantize/take_network.ts";
import { type BaselineWords, baselineWords } from "../../lib/record/given_record.ts";
import { exceededRatios, loadRatios } from "../../lib/record/load_ratios.ts";
import { allowedDrop, isWithin, worstCaseDrop } from "../../lib/record/budget.ts";
import { factor, factorInterval, metricFormat } from "../../lib/report/format.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import { RuntimeError } from "../../lib/runtime/runtime_errors.ts";
import { compare, Comparison } from "../../lib/task/run_compare.ts";
import { lengthsOf } from "./at_lengths.ts";
import type { Shell } from "./shell.ts";
import { ownMetric } from "./own_metric.ts";
import { tellMetric } from "./tell_metric.ts";

/** What a command line says of a comparison. */
export interface CheckOptions extends Limits {
  readonly metric?: string | undefined;
  /** Lengths to time at, as they were typed. */
  readonly atLengths?: string | undefined;
  /** Nothing but JSON is to be printed. */
  readonly json: boolean;
}

/** How a command compares what it makes with the network as given. */
export interface Check {
  /** What the network is called that it is compared with. */
  readonly baseline: BaselineWords;
  readonly metric: Metric;
  readonly data: Dataset;
  /** Lengths to time at. @default {as samples come} */
  readonly atLengths?: readonly number[];
  /** That network on the data; or why it has no figure there. */
  readonly float32: Evaluation | string;
}

/** What became of a comparison: it, or why there is none; neither where none was planned. */
export interface Checked {
  readonly comparison?: Comparison;
  readonly failed?: string;
}

/**
 * Settles before the work what will be compared how, and says it in the first line of what is printed; and
 * what the network as given says itself against the samples.
 *
 * @param data Samples that the result is not made from; undefined where there are too few.
 * @param options What the user asked for, and whether only JSON is to be printed.
 * @returns Undefined where there is nothing to compare on, or no tensor to compare.
 * @throws {UsageError} If a limit cannot be meant for the metric.
 * @throws {UserError} If there is no such metric, it was asked for and does not suit the network, or the
 * labels are no classes of it.
 */
export async function planCheck(
  model: Model,
  data: Dataset | undefined,
  options: CheckOptions,
  runtime: Runtime,
  shell: Shell,
): Promise<Check | undefined> {
  const { maxDrop, atLeast } = options;
  const { progress, signal } = shell;
  if (!data || valueTypes(model.graph).outputs.length === 0) {
    if (maxDrop === undefined && atLeast === undefined) return undefined;
    throw new UserError(
      "Cannot keep --at-least or --max-drop without a comparison: give --data with samples enough to " +
        "compare on, 4 at least",
    );
  }
  const asked = await ownMetric(options.metric);
  const metric = await metricFor(model, data, { metric: asked, runtime, signal });
  const info = infoOf(metric);
  requireLimits(info, options);
  await tellMetric(info, shell, options.json);
  const baseline = baselineWords({ given: givenOf(model) });
  const float32 = await evaluate(runtime, model, data, metric, undefined, { signal })
    .catch((error) => {
      if (options.metric !== undefined) throw error; // who asks for it wants its figure
      return reasonNotCompared(error, baseline, signal);
    });
  if (typeof float32 !== "string") {
    const notes = await baselineNotes(model, data, metric, { ...float32, name: baseline.outputs });
    notes.forEach(progress.log);
  }
  const atLengths = lengthsOf(options.atLengths);
  return { baseline, metric, data, float32, ...(atLengths && { atLengths }) };
}

/** Why nothing can be compared; what is no fault of what the user brought is thrown. */
function reasonNotCompared(
  error: unknown,
  { outputs }: BaselineWords,
  signal: AbortSignal,
): string {
  if (!(error instanceof UserError) || error instanceof RuntimeError || signal.aborted) throw error;
  return `It was not compared with ${outputs}. ${error.message}.`;
}

/**
 * Compares what a command has made with float32, and tells how far it is. Where no comparison is possible
 * the work is not lost: the reason is told.
 */
export async function check(
  model: Model,
  candidate: Model,
  plan: Check | undefined,
  runtime: Runtime,
  { progress, signal }: Shell,
): Promise<Checked> {
  if (!plan) return {};
  const { baseline, metric, data, float32, atLengths } = plan;
  if (typeof float32 === "string") return { failed: float32 };
  const onProgress = (done: number, all: number) =>
    progress.update(`comparing: ${done} of ${all} runs`);
  try {
    const options = {
      ...{ metric, runtime, reference: float32, coldRounds: 0, signal, onProgress },
      ...(atLengths && { atLengths }),
    };
    return { comparison: await compare(model, candidate, data, options) };
  } catch (error) {
    return { failed: reasonNotCompared(error, baseline, signal) };
  }
}

/**
 * Adds to a comparison what a page waits for at its first visit, which is measured of what is written
 * alone: it takes some seconds.
 */
export async function withColdStart(
  checked: Checked,
  { float32, candidate, plan }: {
    readonly float32: Model;
    readonly candidate: Model;
    readonly plan: Check | undefined;
  },
  { coldRounds: rounds = 6 }: { readonly coldRounds?: number | undefined },
  runtime: Runtime,
  { progress, signal }: Shell,
): Promise<Checked> {
  const { comparison } = checked;
  if (!comparison || !plan) return checked;
  progress.update("looking what a page waits for");
  const sample = await plan.data.sample(0);
  const options = { rounds, signal };
  const coldStart = await measureColdStart(runtime, float32, candidate, sample, options);
  return coldStart ? { comparison: new Comparison({ ...comparison, coldStart }) } : checked;
}

/** Warns of a model that takes beyond doubt more to open than is accepted. */
export function openingNotes(
  { comparison }: Checked,
  asked: { readonly maxCreate?: number | undefined; readonly maxHeap?: number | undefined },
): string[] {
  const exceeded = comparison ? exceededRatios(loadRatios(asked), comparison) : [];
  const { model } = baselineWords(comparison ?? {});
  return exceeded.map(({ name, of, ratio, most }) =>
    `It takes ${factorInterval(ratio)} of ${model}'s ${of}, above the limit of ${factor(most)} ` +
    `(--${name === "maxCreate" ? "max-create" : "max-heap"}). \`${
      commandName("search")
    }\` keeps such models from winning.`
  );
}

/** Refuses a result that misses a limit, once it is written. */
export function requireKept(
  { comparison }: Checked,
  { maxDrop, atLeast }: Limits,
  file: string,
): void {
  if (maxDrop === undefined && atLeast === undefined) return;
  const asked = maxDrop === undefined ? `--at-least ${atLeast}` : `--max-drop ${maxDrop}`;
  if (!comparison) {
    throw new UserError(`${file} is written, but ${asked} was not checked: see above`);
  }
  const { metric, difference, candidate, float32 } = comparison;
  const allowed = maxDrop ?? allowedDrop(metric, atLeast!, float32.value.value);
  if (isWithin({ maxDrop: allowed }, worstCaseDrop(metric, difference))) return;
  const format = metricFormat({ metric, baseline: { selection: float32.value }, maxDrop: allowed });
  throw new UserError(
    `${file} is written, but it misses ${asked}: its ${metric.name} is ${
      format.value(candidate.value.value)
    }${format.unit} ${format.range(candidate.value)}, ${baselineWords(comparison).outputs}'s ` +
      `${format.value(float32.value.value)}${format.unit}. \`${
        commandName("ablate")
      }\` tells which layers cost it, ` +
      `\`${commandName("search")}\` looks for a mix that keeps the limit`,
  );
}
