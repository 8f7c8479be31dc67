import type { ColdStartRecord } from "./cold_start.ts";
import type { Download } from "./download.ts";
import type { Estimate } from "./metric_info.ts";
import type { NodeCounts } from "./node_counts.ts";
import type { PlanRow } from "./plan_record.ts";
import type { Recipe } from "./recipe.ts";
import type { RuntimeName } from "./runtime_name.ts";

/**
 * Accuracy on one split.
 * @category Records (advanced)
 */
export interface Accuracy {
  /** The split that it was measured on. */
  split: "selection" | "test";
  /** The metric over the split, in its unit. */
  value: Estimate;
  /** Candidate minus float32 on the same samples, in the metric's unit. */
  difference: Estimate;
}

/**
 * Closeness of the outputs to float32's, over the split.
 * @category Records (advanced)
 */
export interface OutputError {
  /** Signal to quantization-noise ratio, dB; null where outputs are equal to the bit. */
  sqnr: number | null;
  /** Cosine of the angle between both, 1 where they point the same way. */
  cosine: number;
}

/**
 * How much a machine had to do.
 * @category Records (advanced)
 */
export interface MachineLoad {
  /** Processes that ran or waited for a core in the minute before, on average. */
  average: number;
  /** Cores of the machine. */
  cores: number;
}

/**
 * Time on samples of one length, or of one set.
 * @category Records (advanced)
 */
export interface CaseLatency {
  /** Of the case: `length 128`, or the name of the set. */
  name: string;
  /** Positions of a sample; absent where they are as they came. */
  length?: number;
  /** Candidate / float32, as in {@linkcode Latency}. */
  ratio: Estimate;
  /** Median milliseconds of float32, for orientation. */
  baselineMs: number;
  /** The same of the candidate. */
  candidateMs: number;
}

/**
 * Time against the float32 model as given, interleaved in one process.
 * @category Records (advanced)
 */
export interface Latency {
  /** Threads of the runtime. */
  threads: number;
  /** Rounds in which both were timed, one after the other. */
  rounds: number;
  /** Candidate / float32; below 1 is faster. Median of the rounds' ratios, 95 % interval. */
  ratio: Estimate;
  /** The same by the time on the wall, where the clock is another. */
  wallRatio?: Estimate;
  /**
   * Whose time it is: that of the thread that ran the models, which other programs leave alone; that of
   * the whole process; or the wall's. Absent in records of before: the wall's.
   */
  clock?: "thread" | "process" | "wall";
  /**
   * Median milliseconds of float32 on this machine on this day: for orientation, never for
   * comparison.
   */
  baselineMs: number;
  /** The same of the candidate. */
  candidateMs: number;
  /**
   * A time of one of both, or the ratio, moved between the halves of the measurement by more than its
   * spread; or code was not warm in the end.
   */
  drifted: boolean;
  /** Fingerprint of the machine: CPU, cores, engine, release and binary of the runtime. */
  machine: string;
  /** What ran both; absent in records of before: onnxruntime-web 1.30.0, the plain binary, in Deno. */
  runtime?: RuntimeName;
  /** What else it had to do; absent where that is not told. */
  load?: MachineLoad;
  /**
   * Where several lengths, or sets of samples, were timed: each of them. The ratio is then their geometric mean, and
   * the milliseconds are those of one run of each.
   */
  at?: CaseLatency[];
}

/**
 * One configuration, measured.
 * @category Studies
 */
export interface Trial {
  /** SHA-256 over what decides the result: recipe, model, samples, versions. */
  key: string;
  /** Short unique name, e.g. `mixed · percentile 99.99 · per-channel`; made of the recipe. */
  name: string;
  /** Family for colour and legend: `float32`, `static`, `dynamic`, `mixed`, ... */
  family: string;
  /** All that makes its model. */
  recipe: Recipe;
  /** Why it was tried, where a strategy said so. */
  why?: string;
  /** What was predicted of it before it was built. */
  predicted?: {
    /** Milliseconds of its kernels and conversions. */
    ms: number;
    /** Noise at the worst output, as a share of the signal's power. */
    noise: number;
    /** Drop of the metric, in its unit. */
    drop: number;
  };
  /** Where its ranges come from; absent where nothing is static. */
  calibration?: {
    /** The trial's name without the number of samples: the same for trials that differ in it alone. */
    series: string;
    /** Calibration samples seen. */
    samples: number;
  };
  /** Counts of what executes, e.g. `{ "QLinearConv": 20, "GRU": 2 }`. */
  executes: Record<string, number>;
  /** What each node of the float32 network became. */
  plan: PlanRow[];
  /** Accuracy on the selection split; absent where the trial failed. */
  accuracy?: Accuracy;
  /**
   * Closeness of the outputs to float32's; absent where the trial failed, or no output keeps its
   * shape.
   */
  outputs?: OutputError;
  /** Time against float32; absent where the trial failed. */
  latency?: Latency;
  /** What a page waits for at its first visit; absent where it was not measured. */
  coldStart?: ColdStartRecord;
  /** Size of the file in bytes. */
  bytes?: number;
  /** What a server sends of it. */
  download?: Download;
  /** How many nodes it has; absent in records of before. */
  nodes?: NodeCounts;
  /** File of the model inside the study's folder, where it was kept. */
  file?: string;
  /** SHA-256 of the model's bytes. */
  modelHash?: string;
  /** Wall-clock seconds spent on it. */
  seconds: number;
  /** Why it failed, where it did. */
  error?: string;
}

/** A trial that was measured to its end. */
export type MeasuredTrial = Trial & Required<Pick<Trial, "accuracy" | "latency" | "bytes">>;

/** Whether everything of a trial has been measured. */
export function isMeasured(trial: Trial): trial is MeasuredTrial {
  const { error, accuracy, latency, bytes } = trial;
  return error === undefined && accuracy !== undefined && latency !== undefined &&
    bytes !== undefined;
}
