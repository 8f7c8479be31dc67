import { z } from "zod";
import { coldStart } from "./cold_start.ts";
import { download } from "./download.ts";
import { estimate } from "./metric_info.ts";
import { planRow } from "./plan_record.ts";
import { recipe } from "./recipe.ts";

/** Accuracy on one split. */
export const accuracy = z.strictObject({
  split: z.enum(["selection", "test"]),
  value: estimate,
  /** Candidate minus float32 on the same samples, in the metric's unit. */
  difference: estimate,
});
/** Accuracy on one split: plain JSON. */
export type Accuracy = z.infer<typeof accuracy>;

/** Closeness of the outputs to float32's, over the split. */
export const outputError = z.strictObject({
  /** Signal to quantization-noise ratio, dB; null where outputs are equal to the bit. */
  sqnr: z.number().nullable(),
  cosine: z.number(),
});

/** How much a machine had to do. */
const machineLoad = z.strictObject({
  /** Processes that ran or waited for a core in the minute before, on average. */
  average: z.number(),
  cores: z.int(),
});
/** How much a machine had to do: plain JSON. */
export type MachineLoad = z.infer<typeof machineLoad>;

/** Time against the float32 model as given, interleaved in one process. */
export const latency = z.strictObject({
  threads: z.int(),
  rounds: z.int(),
  /** Candidate / float32; below 1 is faster. Median of the rounds' ratios, 95 % interval. */
  ratio: estimate,
  /** The same by the time on the wall, where the clock is another. */
  wallRatio: estimate.optional(),
  /**
   * Whose time it is: that of the thread that ran the models, which other programs leave alone; that of
   * the whole process; or the wall's. Absent in records of before: the wall's.
   */
  clock: z.enum(["thread", "process", "wall"]).optional(),
  /** Median milliseconds of this machine on this day: for orientation, never for comparison. */
  baselineMs: z.number(),
  candidateMs: z.number(),
  /**
   * A time of one of both, or the ratio, moved between the halves of the measurement by more than its
   * spread; or code was not warm in the end.
   */
  drifted: z.boolean(),
  /** Fingerprint of the machine: CPU, cores, runtime versions. */
  machine: z.string(),
  /** What else it had to do; absent where that is not told. */
  load: machineLoad.optional(),
});
/** Time against the float32 model as given: plain JSON. */
export type Latency = z.infer<typeof latency>;

/** One configuration, measured. */
export const trial = z.strictObject({
  /** SHA-256 over what decides the result; see design: content key. */
  key: z.string(),
  /** Short unique name, e.g. `mixed · percentile 99.99 · per-channel`; made of the recipe. */
  name: z.string(),
  /** Family for colour and legend: `float32`, `static`, `dynamic`, `mixed`, ... */
  family: z.string(),
  /** All that makes its model. */
  recipe,
  /** Why it was tried, where a strategy said so. */
  why: z.string().optional(),
  /** What was predicted of it before it was built. */
  predicted: z.strictObject({
    /** Milliseconds of its kernels and conversions. */
    ms: z.number(),
    /** Noise at the worst output, as a share of the signal's power. */
    noise: z.number(),
    /** Drop of the metric, in its unit. */
    drop: z.number(),
  }).optional(),
  /** Where its ranges come from; absent where nothing is static. */
  calibration: z.strictObject({
    /** The trial's name without the number of samples: the same for trials that differ in it alone. */
    series: z.string(),
    /** Calibration samples seen. */
    samples: z.int(),
  }).optional(),
  /** Counts of what executes, e.g. `{ "QLinearConv": 20, "GRU": 2 }`. */
  executes: z.record(z.string(), z.int()),
  plan: z.array(planRow),
  /** Absent where the trial failed. */
  accuracy: accuracy.optional(),
  outputs: outputError.optional(),
  latency: latency.optional(),
  /** What a page waits for at its first visit; absent where it was not measured. */
  coldStart: coldStart.optional(),
  /** Size of the file in bytes. */
  bytes: z.int().optional(),
  /** What a server sends of it. */
  download: download.optional(),
  /** File of the model inside the study's folder, where it was kept. */
  file: z.string().optional(),
  /** SHA-256 of the model's bytes. */
  modelHash: z.string().optional(),
  /** Wall-clock seconds spent on it. */
  seconds: z.number(),
  /** Why it failed, where it did. */
  error: z.string().optional(),
});
/** One configuration, measured: plain JSON. */
export type Trial = z.infer<typeof trial>;

/** A trial that was measured to its end. */
export type MeasuredTrial = Trial & Required<Pick<Trial, "accuracy" | "latency" | "bytes">>;

/** Whether everything of a trial has been measured. */
export function isMeasured(trial: Trial): trial is MeasuredTrial {
  const { error, accuracy, latency, bytes } = trial;
  return error === undefined && accuracy !== undefined && latency !== undefined &&
    bytes !== undefined;
}
