import type { Calibration } from "../calibrate/calibration.ts";
import { latencyRatio } from "../evaluate/latency.ts";
import { timingConditions } from "../evaluate/timing_conditions.ts";
import type { Model } from "../onnx/model.ts";
import { timeIslands } from "../profile/int8_islands.ts";
import { undisturbedTime } from "../profile/undisturbed.ts";
import { convert } from "../quantize/convert.ts";
import { type QConfigMapping, qconfigMapping, type Rule } from "../quantize/mapping.ts";
import type { WeightOnly } from "../quantize/qconfig.ts";
import { explainInstead, explainSlow } from "../quantize/slow_layers.ts";
import type { QuantizedModel } from "../quantize/quantized_model.ts";
import type { SlowLayer } from "../record/recipe.ts";
import type { Latency } from "../record/trial_record.ts";
import { isSlower } from "../record/best.ts";
import { factorInterval, milliseconds, plural } from "../report/format.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Feeds } from "../tensor/tensor.ts";

/** An int8 model and what it was converted from. */
export interface Converted {
  readonly int8: QuantizedModel;
  /** The float32 model that it was converted from. */
  readonly float32: Model;
  readonly mapping: QConfigMapping;
  readonly calibration?: Calibration;
  /** Layers that the mapping leaves in float32 since int8 slows them. */
  readonly slow?: readonly SlowLayer[];
}

/** Options for {@linkcode keepSpeed}. */
export interface KeepSpeedOptions {
  runtime: Runtime;
  /** The int8 model's time against float32's, if it is known: if it is no slower, it is not timed again. */
  latency?: Latency;
  /** What a layer becomes whose int8 kernel is slower. */
  small: WeightOnly;
  signal?: AbortSignal;
  /** Called with what is being done. */
  onProgress?: (step: string) => void;
}

/** What {@linkcode keepSpeed} has found. */
export interface KeptSpeed extends Converted {
  /** What was put back and why; absent where nothing had to be. */
  readonly note?: string;
}

/**
 * Puts back what makes an int8 model slower than float32 on this machine, as long as it is beyond doubt
 * that it is: first the parts whose own times say so, with the changes of precision around them; and
 * where that does not help, all of it. Their weights stay int8 in the file.
 *
 * Where times are not known well enough, nothing follows from them, and nothing is put back.
 *
 * @param given The float32 network that times are compared with.
 * @param samples What it is timed on, of one shape.
 */
export async function keepSpeed(
  given: Model,
  converted: Converted,
  samples: readonly Feeds[],
  options: KeepSpeedOptions,
): Promise<KeptSpeed> {
  const { small, onProgress = () => {} } = options;
  const computesInt8 = converted.int8.traces.some(({ form }) =>
    form === "static" || form === "dynamic"
  );
  if (!computesInt8 || samples.length === 0) return converted;
  onProgress("timing it against float32");
  if (options.latency && !losesTime(options.latency)) return converted;
  // A second time, as a busy machine can be slow for one of two by chance, and fast for neither.
  const first = await ratioOf(given, converted.int8, samples, options);
  if (!losesTime(first) || first.lostMs < NOT_WORTH_IT) return converted;
  const was = `int8 takes ${factorInterval(first.ratio)} of float32's time`;

  onProgress("looking which layers are slower in int8");
  const some = await withoutSlowIslands(converted, samples, options);
  const second = some && await ratioOf(given, some.int8, samples, options);
  if (some && second && !losesTime(second)) {
    return { ...some, note: `Wherever there is a kernel for it, ${was}. ${some.note}` };
  }
  const mapping = qconfigMapping({ default: small, onUnsupported: "float32" });
  const int8 = convert(converted.float32, mapping);
  const note = `Here ${was}, so the weights are stored in int8 and computed in float32, ` +
    `at float32's speed.`;
  return { int8: explained(int8, converted, was), float32: converted.float32, mapping, note };
}

/**
 * Milliseconds that a run may lose before anything is put back: so much the call alone takes, and varies
 * by, whatever the network computes.
 */
const NOT_WORTH_IT = 0.05;

/** Beyond doubt, and by more than a call costs. */
function losesTime(latency: Latency): boolean {
  return isSlower({ latency }) && latency.candidateMs - latency.baselineMs > NOT_WORTH_IT;
}

/** The candidate against the network as given, in the median of all turns and in the undisturbed ones. */
async function ratioOf(
  given: Model,
  candidate: Model,
  samples: readonly Feeds[],
  { runtime, signal }: KeepSpeedOptions,
): Promise<Latency & { readonly lostMs: number }> {
  const times = await runtime.times([given, candidate], samples, { ...signal && { signal } });
  const [before, after] = [0, 1].map((i) => undisturbedTime(times.ms.map((round) => round[i]!)));
  const latency = latencyRatio(times, await timingConditions(runtime));
  return { ...latency, lostMs: after! - before! };
}

/** Undefined where none is slower by itself, or the runtime does not tell. */
async function withoutSlowIslands(
  converted: Converted,
  samples: readonly Feeds[],
  { runtime, small, signal }: KeepSpeedOptions,
): Promise<Required<Pick<KeptSpeed, "note">> & Converted | undefined> {
  const { float32, int8: all, mapping: before, calibration, slow = [] } = converted;
  const islands = await timeIslands(float32, all, samples, { runtime, ...signal && { signal } });
  const losing = islands?.filter(({ ms, float32Ms }) => ms > float32Ms) ?? [];
  if (losing.length === 0) return undefined;
  const times = new Map(losing.flatMap(({ nodes, ms, float32Ms }) =>
    nodes.map((name) => [
      name,
      nodes.length === 1
        ? `it takes ${milliseconds(ms)} ms in int8, changes of precision included, and ` +
          `${milliseconds(float32Ms)} ms in float32`
        : `with its int8 neighbours it takes ${milliseconds(ms)} ms, changes of precision ` +
          `included, and they take ${milliseconds(float32Ms)} ms in float32`,
    ])
  ));
  const rules = [...times.keys()].map((name): Rule => [name, small]);
  const mapping = { ...before, rules: [...before.rules, ...rules] };
  const int8 = convert(float32, { ...mapping, onUnsupported: "float32" }, calibration);
  const note = `${plural(countLayers(int8, times), "layer")} of ` +
    `${countLayers(all)} that could be int8 would lose time by it ` +
    `and stay in float32, with weights stored in int8.`;
  return {
    ...converted,
    ...{ int8: explainSlow(explained(int8, converted, times), slow), mapping, note },
  };
}

/** Nodes with weights that are computed as int8, or are among some. */
function countLayers(
  { plan, traces }: QuantizedModel,
  among?: ReadonlyMap<string, string>,
): number {
  const isLayer = /^(Conv|Gemm|MatMul|GRU|LSTM|RNN)$/;
  return plan.rows.filter(({ node, opType }, i) =>
    isLayer.test(opType) &&
    (among ? among.has(node) : /^(static|dynamic)$/.test(traces[i]!.form))
  ).length;
}

/** The model with what was measured in the place of a rule that nobody wrote. */
function explained(
  model: QuantizedModel,
  { int8 }: Converted,
  why: string | ReadonlyMap<string, string>,
): QuantizedModel {
  const before = new Map(int8.plan.rows.map((row, i) => [row.node, int8.traces[i]!.form]));
  const reasonOf = (node: string) => typeof why === "string" ? why : why.get(node);
  return explainInstead(model, reasonOf, (node) => before.get(node));
}
