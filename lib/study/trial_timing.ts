import { latencyRatio } from "../evaluate/latency.ts";
import { timingConditions } from "../evaluate/timing_conditions.ts";
import { latencyAt, type LatencyOfCase } from "../evaluate/latency_at.ts";
import type { Model } from "../onnx/model.ts";
import type { Latency } from "../record/trial_record.ts";
import type { Runtime, Times } from "../runtime/runtime.ts";
import type { TimingCase } from "../runtime/timing_cases.ts";
import type { Feeds } from "../tensor/tensor.ts";

/** Samples that take turns while latency is measured. */
export const TIMED_SAMPLES = 4;

/** Options for {@linkcode timeAgainst}. */
export interface TimeAgainstOptions {
  /** Rounds in which both take turns. */
  rounds: number;
  /** As many again where the ratio is not known to 10 %, or the machine drifted, up to this many. */
  maxRounds: number;
  signal?: AbortSignal;
}

/** The time of a model as a ratio to float32's, on each case by itself, both in turns in one process. */
export async function timeAgainst(
  float32: Model,
  model: Model,
  cases: readonly TimingCase[],
  runtime: Runtime,
  options: TimeAgainstOptions,
): Promise<Latency> {
  const latencies: LatencyOfCase[] = [];
  for (const { samples, ...named } of cases) {
    latencies.push({ ...named, latency: await timeOn(float32, model, samples, runtime, options) });
  }
  return latencyAt(latencies);
}

async function timeOn(
  float32: Model,
  model: Model,
  samples: readonly Feeds[],
  runtime: Runtime,
  { rounds, maxRounds, signal }: TimeAgainstOptions,
): Promise<Latency> {
  let all: Times | undefined;
  for (;;) {
    const more = await runtime.times([float32, model], samples, { rounds, signal });
    all = all ? together(all, more) : more;
    const latency = latencyRatio(all, await timingConditions(runtime));
    const inTime = more.ms.length >= rounds;
    if (!isUnsure(latency) || !inTime || all.ms.length + rounds > maxRounds) return latency;
  }
}

/** The rounds of two measurements as one. */
function together(first: Times, later: Times): Times {
  const both = <T>(a: T[] | undefined, b: T[] | undefined) => a && b && [...a, ...b];
  const wallMs = both(first.wallMs, later.wallMs);
  return { ...later, ms: [...first.ms, ...later.ms], ...(wallMs && { wallMs }) };
}

/** Whether a latency is worth measuring twice as long: it drifted, or is not known to 10 %. */
function isUnsure({ drifted, ratio }: Latency): boolean {
  return drifted || ratio.high - ratio.low > 0.1 * ratio.value;
}
